"""A client written from docs/protocol alone, with Python's `websockets`.

Takes the address of a server without an owner from VOODOO_URL and the token of its set-up link
from VOODOO_SETUP_TOKEN. Prints what it checked; ends with another code than 0 at the first
difference from the pages.
"""

import asyncio
import itertools
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

try:
    import websockets
    from websockets.exceptions import InvalidHandshake
    from websockets.version import version as WEBSOCKETS
except ImportError:
    sys.exit("the Python library `websockets` is missing: apt install python3-websockets")

URL = os.environ["VOODOO_URL"]
ROOT = Path(__file__).resolve().parents[5]
IS_NEW_LIBRARY = int(WEBSOCKETS.split(".")[0]) >= 14
DEADLINE_S = 30
ADA = {"handle": "ada", "name": "Ada Lovelace", "password": "correct horse battery"}
BO = {"handle": "bo", "name": "Bo", "password": "a lamp by the window"}


def check(what, found, expected):
    """Compares, and says what was compared."""
    if found != expected:
        sys.exit(f"FAILED {what}\n  found    {found!r}\n  expected {expected!r}")
    print(f"ok {what}", flush=True)


def new_client_id():
    """A UUID of version 7."""
    number = (time.time_ns() // 1_000_000 << 80) | random.getrandbits(80)
    number = number & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return str(uuid.UUID(int=number))


def http(method, path, body=None, token=None):
    """Returns status, content type and the JSON of the answer."""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{URL}/api/v1{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            status, kind, text = answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        status, kind, text = error.code, error.headers["Content-Type"], error.read()
    return status, kind, json.loads(text) if text else None


def succeed(method, path, body=None, token=None):
    status, _, answer = http(method, path, body, token)
    if not 200 <= status < 300:
        sys.exit(f"FAILED {method} {path}: {status} {answer}")
    return answer


def refused(what, answer, status, code):
    """Checks an error against RFC 9457 and the table of codes."""
    found, kind, problem = answer
    check(what, (found, problem["code"], problem["status"]), (status, code, status))
    check(f"{what}: a problem of RFC 9457", kind.split(";")[0], "application/problem+json")


class State:
    """What a client knows, by the rules of docs/protocol/retrieval.md and reading.md."""

    def __init__(self, user):
        self.user = user
        self.user_rev = 0
        self.told = {}  # conversation -> greatest rev
        self.read = {}  # conversation -> told read mark
        self.messages = {}  # conversation -> seq -> message
        self.holes = []

    def digest(self):
        return {
            "user_rev": self.user_rev,
            "conversations": len(self.told),
            "revs": sum(self.told.values()),
            "reads": sum(self.read.values()),
        }

    def head(self, head):
        conversation = head["conversation"]
        self.told[conversation] = max(self.told.get(conversation, 0), head["last_rev"])
        self.read[conversation] = max(self.read.get(conversation, 0), head["read_seq"])

    def forget(self, conversation):
        for table in (self.told, self.read, self.messages):
            table.pop(conversation, None)

    def sync(self, page):
        for conversation in page["gone"]:
            self.forget(conversation)
        for head in [it["head"] for it in page["conversations"]] + page["heads"]:
            self.head(head)
        if page["done"]:
            self.user_rev = page["digest"]["user_rev"]

    def event(self, event):
        conversation = event.get("conversation")
        if "user_rev" in event and event["type"] != "heads":
            if event["user_rev"] > self.user_rev + 1:
                self.holes.append(event)
            self.user_rev = max(self.user_rev, event["user_rev"])
        if event["type"] == "conversation":
            self.head(event["head"])
        elif event["type"] == "conversation_gone":
            self.forget(conversation)
        elif event["type"] == "read":
            self.read[conversation] = max(self.read[conversation], event["seq"])
        elif "rev" in event and conversation:
            if event["rev"] > self.told[conversation] + 1:
                self.holes.append(event)
            elif event["rev"] == self.told[conversation] + 1:
                self.told[conversation] = event["rev"]
                if event["type"] == "message":
                    self.message(event)

    def message(self, message):
        conversation = message["conversation"]
        self.messages.setdefault(conversation, {})[message["seq"]] = message
        if message.get("from") == self.user:
            self.read[conversation] = max(self.read[conversation], message["seq"])


def connect(token, protocols=("voodoo.v1",)):
    name = "additional_headers" if IS_NEW_LIBRARY else "extra_headers"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    address = URL.replace("http", "ws", 1) + "/ws"
    return websockets.connect(address, subprotocols=list(protocols) or None, **{name: headers})


async def not_let_in(token, protocols=("voodoo.v1",)):
    """The HTTP status with which the upgrade is refused."""
    try:
        async with connect(token, protocols):
            return "let in"
    except InvalidHandshake as error:
        if IS_NEW_LIBRARY:
            return error.response.status_code
        return error.status_code


class Session:
    """One socket: requests with their replies, and events in the order in which they came."""

    def __init__(self, token, state=None):
        self.token, self.state = token, state
        self.ids, self.waiting = itertools.count(1), {}
        self.frames, self.news = [], asyncio.Condition()
        self.close_code = None

    async def open(self, resume=None):
        self.socket = await connect(self.token)
        hello = {"type": "hello", "client": {"name": "test_voodoo.py", "version": "1"}}
        if resume:
            hello["resume"] = resume
        await self.tell(hello)
        self.welcome = json.loads(await self.socket.recv())
        assert self.welcome["type"] == "welcome", self.welcome
        self.state = self.state or State(self.welcome["user"])
        self.pages, early = [], []
        while not (self.pages and self.pages[-1]["done"]):
            frame = json.loads(await self.socket.recv())
            (self.pages if frame["type"] == "sync" else early).append(frame)
        for page in self.pages:
            self.state.sync(page)
        self.at_done = self.state.digest()
        for event in early:
            self.state.event(event)
        self.reader = asyncio.create_task(self.listen())
        return self

    async def listen(self):
        try:
            async for text in self.socket:
                frame = json.loads(text)
                if frame["type"] in ("ok", "refused"):
                    self.waiting.pop(frame["id"]).set_result(frame)
                    continue
                self.state.event(frame)
                async with self.news:
                    self.frames.append(frame)
                    self.news.notify_all()
        except websockets.ConnectionClosed:
            pass
        self.close_code = self.socket.close_code

    async def tell(self, frame):
        await self.socket.send(json.dumps(frame, ensure_ascii=False))

    async def ask(self, **request):
        number, answer = next(self.ids), asyncio.get_running_loop().create_future()
        self.waiting[number] = answer
        await self.tell({**request, "id": number})
        return await asyncio.wait_for(answer, DEADLINE_S)

    async def send(self, conversation, text, client_id=None):
        """Sends a message; its `ok` stands for the event."""
        message = {
            "conversation": conversation,
            "client_id": client_id or new_client_id(),
            "body": {"kind": "text", "text": text},
        }
        reply = await self.ask(type="send", **message)
        if reply["type"] == "ok" and not reply["duplicate"]:
            event = {**message, "type": "message", "from": self.state.user}
            self.state.event({**event, **{key: reply[key] for key in ("seq", "rev", "at_ms")}})
        return reply

    async def meet(self, **wanted):
        """Waits for a frame with these fields and takes it."""

        def find():
            hits = (it for it in self.frames if all(it.get(k) == v for k, v in wanted.items()))
            return next(hits, None)

        async with self.news:
            await asyncio.wait_for(self.news.wait_for(lambda: find() is not None), DEADLINE_S)
            frame = find()
            self.frames.remove(frame)
            return frame

    async def check_digest(self, what):
        own = self.state.digest()
        await self.tell({"type": "ping", "check": True})
        pong = await self.meet(type="pong")
        check(f"{what}: the digest is the client's own four values", pong["digest"], own)
        check(f"{what}: no hole was met", self.state.holes, [])
        return pong

    async def drop(self):
        """Breaks the connection without a word."""
        self.socket.transport.abort()
        await self.reader


def accounts(setup_token):
    about = succeed("GET", "/server")
    check("a new server has no owner", about["claimed"], False)
    check("it speaks voodoo.v1", "voodoo.v1" in about["protocols"], True)
    owner = succeed("POST", "/setup", {"token": setup_token, "server_name": "Harbour", **ADA})
    fields = ["device", "expires_ms", "token", "user"]
    check("set-up answers a program with a token", sorted(owner), fields)
    answer = http("POST", "/setup", {"token": setup_token, **BO})
    refused("set-up works once", answer, 410, "gone")
    about = succeed("GET", "/server")
    check("the server is claimed", (about["claimed"], about["name"]), (True, "Harbour"))

    refused("an invite needs a log-in", http("POST", "/invites", {}), 401, "unauthenticated")
    invite = succeed("POST", "/invites", {"uses": 1}, owner["token"])
    fragment = invite["url"].split("/join#")[1]
    check("the link carries the code in its fragment", fragment, invite["code"])
    look = succeed("POST", "/invites/look", {"code": invite["code"]})
    inviter = {"handle": "ada", "name": "Ada Lovelace"}
    check("the invite says who invites", (look["server_name"], look["inviter"]), ("Harbour", inviter))
    bo = succeed("POST", "/sign-up", {"invite": invite["code"], **BO})
    again = {"invite": invite["code"], "handle": "cleo", "name": "Cléo", "password": "third lamp"}
    refused("the invite is used up", http("POST", "/sign-up", again), 410, "gone")

    wrong = {"handle": "bo", "password": "not the lamp"}
    refused("a wrong password", http("POST", "/log-in", wrong), 401, "unauthenticated")
    nobody = {"handle": "nobody", "password": "not the lamp"}
    refused("a wrong handle", http("POST", "/log-in", nobody), 401, "unauthenticated")
    login = {"handle": "BO", "password": BO["password"], "device_name": "second lamp"}
    second = succeed("POST", "/log-in", login)
    check("a handle is folded; it is the same user", second["user"], bo["user"])
    check("on another device", second["device"] != bo["device"], True)
    devices = succeed("GET", "/devices", None, second["token"])
    current = [it["device"] for it in devices if it["current"]]
    check("the devices are listed", (len(devices), current), (2, [second["device"]]))
    return owner, bo, second


async def door(owner):
    check("no token: no socket", await not_let_in(None), 401)
    check("a wrong token: no socket", await not_let_in("x" * 43), 401)
    check("no subprotocol: no socket", await not_let_in(owner["token"], ()), 426)
    check("a foreign subprotocol: no socket", await not_let_in(owner["token"], ("chat.v9",)), 426)
    async with connect(owner["token"]) as socket:
        check("the subprotocol is echoed", socket.subprotocol, "voodoo.v1")
        await socket.send('{"type":"ping"}')
        await asyncio.wait_for(socket.wait_closed(), DEADLINE_S)
        check("a first frame that is not hello closes", socket.close_code, 4400)


async def first_sync(owner, bo):
    ada = await Session(owner["token"]).open()
    other = await Session(bo["token"]).open()
    found = (ada.welcome["user"], ada.welcome["device"])
    check("welcome says who", found, (owner["user"], owner["device"]))
    check("nothing to resume", ada.welcome["resumed"], False)
    check("welcome tells the limits", ada.welcome["limits"]["text"] > 0, True)
    check("welcome names the server", ada.welcome["server"]["name"], "Harbour")
    last = ada.pages[-1]
    check("the last page tells who one is", last["me"]["user"]["handle"], "ada")
    check("and the role on the server", last["me"]["user"]["role"], "admin")
    check("at done the digest is the client's", last["digest"], ada.at_done)
    return ada, other


async def talk(ada, bo):
    """Makes the conversation, sends, repeats, hears."""
    found = await ada.ask(type="users", query="bo")
    users = {it["handle"]: it for it in found["users"]}
    check("the other user is found", users["bo"]["user"], bo.state.user)
    name = new_client_id()
    create = {"type": "create", "client_id": name, "kind": "direct", "members": [bo.state.user]}
    conversation = (await ada.ask(**create))["conversation"]
    event = await ada.meet(type="conversation", conversation=conversation)
    check("its event comes too", (event["kind"], event["peer"]["handle"]), ("direct", "bo"))
    check("create again is the same", (await ada.ask(**create))["conversation"], conversation)
    create["client_id"] = new_client_id()
    check("there is one per pair", (await ada.ask(**create))["conversation"], conversation)

    first = new_client_id()
    sent = await ada.send(conversation, "See you at eight 🥶", first)
    check("the first message", (sent["seq"], sent["rev"], sent["duplicate"]), (1, 1, False))
    again = await ada.send(conversation, "another text", first)
    expected = {**sent, "id": again["id"], "duplicate": True}
    check("a repeat gets the first answer", again, expected)

    event = await bo.meet(type="conversation", conversation=conversation)
    check("the first message brings the conversation", event["peer"]["handle"], "ada")
    message = await bo.meet(type="message", conversation=conversation)
    found = (message["seq"], message["client_id"], message["from"], message["body"]["text"])
    check("the other side hears it", found, (1, first, ada.state.user, "See you at eight 🥶"))
    check("as it was placed", (message["rev"], message["at_ms"]), (sent["rev"], sent["at_ms"]))
    return conversation, first


async def refusals(ada, conversation):
    reply = await ada.ask(type="teleport", conversation=conversation)
    check("an unknown type", (reply["code"], reply["retry"]), ("unknown_type", "never"))
    body = {"kind": "text", "text": "x"}
    send = {"type": "send", "conversation": conversation, "client_id": new_client_id(), "body": body}
    reply = await ada.ask(**send, files=[])
    check("a reserved field", (reply["code"], reply["field"]), ("bad_request", "files"))
    reply = await ada.ask(**{**send, "body": {"kind": "poll"}})
    check("a reserved body", (reply["code"], reply["field"]), ("bad_request", "body.kind"))
    reply = await ada.ask(**{**send, "body": {"kind": "text", "text": "x" * 16_385}})
    check("a text over the limit", reply["code"], "too_large")
    reply = await ada.ask(**{**send, "conversation": "c_zzzzzz"})
    check("a conversation that is not there", reply["code"], "not_found")
    reply = await ada.ask(**send, reply_to=None, later={"new": 1})
    check("null is absent, and what is unknown is ignored", (reply["type"], reply["seq"]), ("ok", 2))
    sent = {**send, "type": "message", "from": ada.state.user, "seq": 2, "rev": reply["rev"]}
    ada.state.event(sent)


async def pages(bo, conversation, first):
    await bo.meet(type="message", conversation=conversation, seq=2)
    history = await bo.ask(type="history", conversation=conversation)
    check("history has both by seq", [it["seq"] for it in history["messages"]], [1, 2])
    check("complete up to", (history["rev"], history["more"], history["floor_seq"]), (2, False, 0))
    message = history["messages"][0]
    check("a page tells mod_rev", (message["mod_rev"], message["client_id"]), (1, first))
    older = await bo.ask(type="history", conversation=conversation, before=2, limit=1)
    check("before is exclusive", [it["seq"] for it in older["messages"]], [1])
    changes = await bo.ask(type="changes", conversation=conversation, since_rev=1)
    check("changes since 1", [it["seq"] for it in changes["messages"]], [2])
    check("complete", (changes["rev"], changes["more"]), (2, False))
    changes = await bo.ask(type="changes", conversation=conversation, since_rev=99)
    found = (changes["type"], changes.get("code"), changes.get("field"))
    check("cursors of another database", found, ("refused", "bad_request", "since_rev"))
    got = await bo.ask(type="get", conversations=[conversation, "c_zzzzzz"])
    check("get leaves out what is not there", len(got["conversations"]), 1)


async def reading(ada, bo, conversation):
    head = (await bo.ask(type="get", conversations=[conversation]))["conversations"][0]["head"]
    check("two are unread", head["last_seq"] - max(head["read_seq"], head["floor_seq"]), 2)
    await bo.check_digest("before reading")
    await bo.tell({"type": "read", "conversation": conversation, "seq": 2})
    event = await bo.meet(type="read", conversation=conversation)
    check("the mark is told once stored", (event["seq"], event["mentions"]), (2, 0))
    await bo.check_digest("after reading")
    await ada.check_digest("the sender")


async def resume(ada, bo, conversation):
    pong = await bo.check_digest("before the drop")
    cursor = {
        "epoch": bo.welcome["epoch"],
        "user_rev": bo.state.user_rev,
        "since_ms": pong["now_ms"],
    }
    have = bo.state.told[conversation]
    await bo.drop()
    texts = ["While you were away", "שלום, مرحبا, 你好", "**three**"]
    for text in texts:
        await ada.send(conversation, text)
    back = await Session(bo.token, bo.state).open(cursor)
    check("the session resumes", back.welcome["resumed"], True)
    heads = [head for page in back.pages for head in page["heads"]]
    heads += [it["head"] for page in back.pages for it in page["conversations"]]
    check("the head tells what was missed", [it["last_rev"] for it in heads], [have + 3])
    check("at done the digest is the client's", back.pages[-1]["digest"], back.at_done)
    missed = await back.ask(type="changes", conversation=conversation, since_rev=have)
    found = [it["body"]["text"] for it in missed["messages"]]
    check("changes bring it, in order", found, texts)
    check("and nothing more", (missed["rev"], missed["more"]), (have + 3, False))
    await ada.send(conversation, "Welcome back")
    event = await back.meet(type="message", conversation=conversation)
    check("events go on", (event["rev"], event["body"]["text"]), (have + 4, "Welcome back"))
    await back.check_digest("after the resume")
    foreign = await Session(bo.token).open({**cursor, "epoch": "another"})
    check("cursors of another epoch", foreign.welcome["resumed"], False)
    check("bring everything", foreign.pages[-1]["digest"], foreign.at_done)
    await foreign.tell({"type": "bye"})
    await asyncio.wait_for(foreign.reader, DEADLINE_S)
    check("bye ends in good order", foreign.close_code, 1000)
    return back


async def devices(bo, second, conversation):
    """Two devices of one user see the same; one can end without the other."""
    lamp = await Session(second["token"]).open()
    reply = await bo.send(conversation, "From my first device")
    event = await lamp.meet(type="message", seq=reply["seq"])
    check("the other device gets the event", event["rev"], reply["rev"])
    await lamp.check_digest("the second device")
    succeed("POST", "/log-out", None, second["token"])
    await asyncio.wait_for(lamp.reader, DEADLINE_S)
    check("log-out closes its socket", lamp.close_code, 4401)
    check("its token opens no socket", await not_let_in(second["token"]), 401)
    answer = http("GET", "/devices", None, second["token"])
    refused("its token opens nothing", answer, 401, "unauthenticated")
    await bo.check_digest("the first device is untouched")


async def sample(ada, conversation):
    """The client of the documentation talks to ours."""
    program = ROOT / "docs/protocol/client.py"
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(program), URL, BO["handle"], BO["password"], "ada",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )

    async def line():
        text = await asyncio.wait_for(process.stdout.readline(), DEADLINE_S)
        return text.decode().rstrip("\n")

    check("the sample client starts", await line(), f"writing to ada in {conversation}")
    process.stdin.write("hello from the sample\n".encode())
    event = await ada.meet(type="message", body={"kind": "text", "text": "hello from the sample"})
    check("it says what it sent", await line(), f"sent as {event['seq']}")
    await ada.send(conversation, "hello, sample")
    check("it shows what it hears", await line(), f"{ada.state.user}: hello, sample")
    process.stdin.close()
    check("it ends", await asyncio.wait_for(process.wait(), DEADLINE_S), 0)


async def main():
    print(f"Python {sys.version.split()[0]}, websockets {WEBSOCKETS}", flush=True)
    owner, bo_device, second = accounts(os.environ["VOODOO_SETUP_TOKEN"])
    await door(owner)
    ada, bo = await first_sync(owner, bo_device)
    conversation, first = await talk(ada, bo)
    await refusals(ada, conversation)
    await pages(bo, conversation, first)
    await reading(ada, bo, conversation)
    bo = await resume(ada, bo, conversation)
    await devices(bo, second, conversation)
    await sample(ada, conversation)
    await ada.tell({"type": "hello", "client": {"name": "again", "version": "1"}})
    await asyncio.wait_for(ada.reader, DEADLINE_S)
    check("a second hello closes", ada.close_code, 4400)
    print("all is as the pages say", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
