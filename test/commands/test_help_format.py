"""The help of every verb says what holds by default, once."""

import pytest

from gae_arm.commands.help_format import VerbParser


@pytest.mark.parametrize(
    ('options', 'text'),
    [
        ({'default': 1.5, 'help': 'how fast'}, 'how fast (1.5)'),
        ({'default': 'all', 'help': 'names; all by default'}, 'names; all by default'),
        ({'default': None, 'help': 'a file'}, 'a file'),
        ({'default': '', 'help': 'a folder'}, 'a folder'),
        ({'action': 'store_true', 'help': 'again'}, 'again'),
        ({'default': (0.0, 1.0), 'nargs': 2, 'help': 'from, to'}, 'from, to (0.0 1.0)'),
        ({'default': (), 'nargs': '*', 'help': 'names'}, 'names'),
        ({'default': '5%', 'help': 'share'}, 'share (5%)'),
    ],
)
def test_defaults(options, text):
    parser = VerbParser(prog='gae')
    parser.add_argument('--x', **options)
    assert parser.format_help().rstrip().endswith(f' {text}')


def test_help_of_a_subparser_looks_the_same(capsys):
    parser = VerbParser(prog='gae')
    one = parser.add_subparsers().add_parser('one', description='a\n  b')
    one.add_argument('--x', default=3, help='number')
    said = one.format_help()
    assert 'a\n  b' in said
    assert 'number (3)' in said
