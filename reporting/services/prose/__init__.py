"""A report's prose: generated from the structure, in the department's language, and made again without losing what the
reader wrote."""

from reporting.services.prose.writing import Prose, generated, in_language, languages, renewed, word

__all__ = ["Prose", "generated", "in_language", "languages", "renewed", "word"]
