"""How numbers, money and dates are written in each language."""

from django import template

register = template.Library()
