"""What leaves the pipeline: practice lists, the disclosure-controlled summary and the report."""
