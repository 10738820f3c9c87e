"""Charts of the report: bounded numbers in, an Altair chart out, drawn as SVG without any script."""
