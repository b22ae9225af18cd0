"""How do scripts use the product? The REST API: parse, authorise, call one verb of services, describe."""
