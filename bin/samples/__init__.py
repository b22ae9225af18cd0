"""Which things are drawn for the start page, and how? Solids, light, camera and the objects themselves."""
