"""Importers: one module for each public layout that is brought into the project's formats."""
