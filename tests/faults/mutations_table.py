"""What makes each promise true, taken out on purpose, and the tests that must then fail.

A row whose tests pass all the same is a promise that no test holds.
"""

from faults.mutation import Mutation
from faults.mutations_of_mail import OF_MAIL
from faults.mutations_of_words import OF_WORDS

MUTATIONS: tuple[Mutation, ...] = (*OF_MAIL, *OF_WORDS)
