from __future__ import annotations

import pytest

from hpcd4p.errors import RedisSetupError
from hpcd4p.launch.shared_redis import check_shared_redis, parse_url
from hpcd4p.wire.endpoint import Endpoint


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://node7", Endpoint(None, "node7", 6379, None, None, 0, False)),
        ("redis://node7:7000/3", Endpoint(None, "node7", 7000, None, None, 3, False)),
        ("redis://:pass@node7", Endpoint(None, "node7", 6379, None, "pass", 0, False)),
        ("redis://me:p%40ss%2F@node7", Endpoint(None, "node7", 6379, "me", "p@ss/", 0, False)),
        ("rediss://me:x@node7:7001", Endpoint(None, "node7", 7001, "me", "x", 0, True)),
        ("redis://[::1]:7000", Endpoint(None, "::1", 7000, None, None, 0, False)),
        ("unix:///run/redis.sock", Endpoint("/run/redis.sock", None, 0, None, None, 0, False)),
        ("unix://me:x@/run/redis.sock?db=2", Endpoint("/run/redis.sock", None, 0, "me", "x", 2, False)),
    ],
)
def test_reads_every_form_of_address(url, expected):
    assert tuple(parse_url(url)) == tuple(expected)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "no scheme"),
        ("node7:6379", "node7://"),
        ("http://node7", "http://"),
        ("redis://", "no host"),
        ("redis://node7/x", "no number"),
        ("redis://node7/-1", "no number"),
        ("redis://node7:99999", "host or port"),
        ("redis://node7:port", "host or port"),
        ("redis://me@node7", "without a password"),
        ("redis://node7?ssl=1", "ssl means nothing"),
        ("unix://relative.sock", "not absolute"),
    ],
)
def test_says_what_is_wrong_with_an_address_and_what_it_expects(url, why):
    with pytest.raises(RedisSetupError, match=why) as caught:
        parse_url(url)
    assert "redis://[USER:PASSWORD@]HOST[:PORT]" in str(caught.value)


@pytest.mark.parametrize(
    "url", ["redis://me:hunter2@node7/x", "redis://me:hunter2/@node7", "redis://:hunter2@"]
)
def test_a_password_is_never_in_the_message(url):
    with pytest.raises(RedisSetupError) as caught:
        parse_url(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["redis://localhost", "redis://127.0.0.1:7000", "unix:///run/redis.sock"])
def test_refuses_an_address_that_other_nodes_cannot_reach(url):
    with pytest.raises(RedisSetupError, match="from this node only"):
        check_shared_redis(url, several_nodes=True)


def test_an_endpoint_does_not_show_its_password():
    assert "hunter2" not in repr(parse_url("redis://me:hunter2@node7"))
    assert "hunter2" not in str(parse_url("redis://me:hunter2@node7"))
