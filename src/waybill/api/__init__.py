"""The wire: HTTP in, request values and jobs out. One module a protocol family; knows no export by name."""
