"""Which pages show jobs? Upload, job, model, library, and the files they show. Parse, authorise, one verb, render."""
