"""The pure core: words, measures, games and scientific definitions. No input or output, no model, no Mesa."""
