#!/usr/bin/env python3
"""A whole client: python3 client.py http://127.0.0.1:8080 HANDLE PASSWORD PEER

Prints each message that comes and sends each line that is typed to the user PEER. What has no
answer yet is sent again after a reconnect under the same name, and so never stands there twice.
Needs `websockets`, of version 10 or later, and Python 3.9.
"""

import asyncio
import itertools
import json
import random
import sys
import time
import urllib.request
import uuid

import websockets
from websockets.version import version as websockets_version

# The library gave the argument another name in version 14.
HEADERS = "additional_headers" if int(websockets_version.split(".")[0]) >= 14 else "extra_headers"
FINAL = (1002, 1003, 1007, 1009, 4400, 4401, 4403, 4409, 4410)


def log_in(url, handle, password):
    body = json.dumps({"handle": handle, "password": password, "device_name": "client.py"})
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/api/v1/log-in", body.encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["token"]


def new_client_id():
    """A UUID of version 7: 48 bits of time, then random ones but for version and variant."""
    number = (time.time_ns() // 1_000_000 << 80) | random.getrandbits(80)
    number = number & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return str(uuid.UUID(int=number))


class Client:
    def __init__(self, url, token):
        self.address = url.replace("http", "ws", 1) + "/ws"
        self.options = {HEADERS: {"Authorization": f"Bearer {token}"}, "subprotocols": ["voodoo.v1"]}
        self.cursor = None  # epoch, user_rev, since_ms
        self.have = {}  # conversation -> the rev up to which its messages were shown
        self.outbox = {}  # client_id -> the send, until it is answered
        self.sending = asyncio.Lock()
        self.ready = asyncio.Event()
        self.ids, self.waiting = itertools.count(1), {}

    async def run(self):
        bound_s = 1
        while True:
            try:
                async with websockets.connect(self.address, **self.options) as self.socket:
                    bound_s = 1
                    await self.session()
            except (OSError, websockets.WebSocketException) as error:
                if getattr(getattr(error, "rcvd", None), "code", None) in FINAL:
                    raise
            for request in self.waiting.values():
                request.set_result({"type": "lost"})
            self.waiting.clear()
            await asyncio.sleep(random.uniform(0, bound_s))
            bound_s = min(2 * bound_s, 120)

    async def session(self):
        resume = {"resume": self.cursor} if self.cursor else {}
        await self.tell({"type": "hello", "client": {"name": "client.py", "version": "1"}, **resume})
        self.welcome, self.early = json.loads(await self.socket.recv()), []
        if self.cursor and self.cursor["epoch"] != self.welcome["epoch"]:
            self.have.clear()
        beat = asyncio.create_task(self.beat())
        try:
            async for text in self.socket:
                self.take(json.loads(text))
        finally:
            beat.cancel()

    def take(self, frame):
        if frame["type"] in ("ok", "refused"):
            self.waiting.pop(frame["id"]).set_result(frame)
        elif frame["type"] == "sync":
            self.sync(frame)
        elif self.early is not None:
            self.early.append(frame)
        else:
            self.event(frame)

    def sync(self, page):
        for head in [it["head"] for it in page["conversations"]] + page["heads"]:
            self.head(head, is_new=self.cursor is not None)
        for conversation in page["gone"]:
            self.have.pop(conversation, None)
        if page["done"]:
            user_rev, now_ms = page["digest"]["user_rev"], self.welcome["now_ms"]
            self.cursor = {"epoch": self.welcome["epoch"], "user_rev": user_rev, "since_ms": now_ms}
            early, self.early = self.early, None
            for event in early:
                self.event(event)
            self.ready.set()
            asyncio.create_task(self.flush())

    def head(self, head, is_new):
        """What was there before this program came is not shown; what is new is."""
        rev = self.have.setdefault(head["conversation"], 0 if is_new else head["last_rev"])
        if head["last_rev"] > rev:
            asyncio.create_task(self.catch_up(head["conversation"], head["last_rev"]))

    def event(self, event):
        conversation, rev = event.get("conversation"), event.get("rev")
        if "user_rev" in event and event["user_rev"] == self.cursor["user_rev"] + 1:
            self.cursor["user_rev"] += 1
        if event["type"] == "conversation":
            self.head(event["head"], is_new=True)
        elif event["type"] == "conversation_gone":
            self.have.pop(conversation, None)
        elif event["type"] == "heads":
            for head in event["heads"]:
                self.head(head, is_new=True)
        elif rev and rev == self.have.get(conversation, 0) + 1:
            self.have[conversation] = rev
            if event["type"] == "message":
                self.show(event)
        elif rev and rev > self.have.get(conversation, 0):
            asyncio.create_task(self.catch_up(conversation, rev, wait_s=0.5))

    async def catch_up(self, conversation, rev, wait_s=0.0):
        await asyncio.sleep(wait_s)
        while (since := self.have.get(conversation, 0)) < rev:
            request = {"type": "changes", "conversation": conversation, "since_rev": since}
            page = await self.ask(request)
            if page["type"] != "ok" or page["rev"] <= since:
                return
            for message in sorted(page["messages"], key=lambda it: it["seq"]):
                if message["rev"] > self.have.get(conversation, 0):
                    self.show(message)
            self.have[conversation] = max(self.have.get(conversation, 0), page["rev"])

    def show(self, message):
        text = message.get("body", {}).get("text", "…")
        print(f"{message.get('from', message['conversation'])}: {text}", flush=True)

    async def say(self, conversation, text):
        name, body = new_client_id(), {"kind": "text", "text": text}
        send = {"type": "send", "conversation": conversation, "client_id": name, "body": body}
        self.outbox[name] = send
        await self.flush()

    async def flush(self):
        async with self.sending:  # one unanswered message at a time keeps their order
            for name, send in list(self.outbox.items()):
                reply = await self.ask(send)
                if reply["type"] == "lost" or reply.get("retry") == "same":
                    return
                del self.outbox[name]
                if reply["type"] == "ok":
                    print(f"sent as {reply['seq']}", flush=True)
                    self.event({**send, "type": "sent", "rev": reply["rev"]})
                else:
                    print(f"not sent: {reply['message']}", flush=True)

    async def beat(self):
        while True:
            await asyncio.sleep(self.welcome["heartbeat_ms"] / 1000 * random.uniform(0.8, 1.2))
            await self.tell({"type": "ping"})

    async def ask(self, request):
        number, answer = next(self.ids), asyncio.get_running_loop().create_future()
        self.waiting[number] = answer
        try:
            await self.tell({**request, "id": number})
        except (OSError, websockets.WebSocketException):
            return {"type": "lost"}
        return await answer

    async def tell(self, frame):
        await self.socket.send(json.dumps(frame, ensure_ascii=False))


async def main(url, handle, password, peer):
    client = Client(url, log_in(url, handle, password))
    running = asyncio.create_task(client.run())
    await client.ready.wait()
    found = await client.ask({"type": "users", "query": peer})
    users = [it["user"] for it in found["users"] if it["handle"] == peer]
    create = {"type": "create", "client_id": new_client_id(), "kind": "direct", "members": users}
    conversation = (await client.ask(create))["conversation"]
    print(f"writing to {peer} in {conversation}", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        await client.say(conversation, line.rstrip("\n"))
    running.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
