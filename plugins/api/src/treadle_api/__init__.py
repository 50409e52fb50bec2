"""OpenAPI documents: read, validated, made into clients, and held against what a server does."""
