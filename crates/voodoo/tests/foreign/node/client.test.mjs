// A client written from docs/protocol alone, with Node's `ws`.
//
// Takes the address of a server without an owner from VOODOO_URL and the token of its set-up link
// from VOODOO_SETUP_TOKEN. Prints what it checked; ends with another code than 0 at the first
// difference from the pages.
import { deepStrictEqual } from "node:assert";
import { getRandomValues } from "node:crypto";
import { once } from "node:events";
import { createRequire } from "node:module";
import { env, exit, version } from "node:process";

const WebSocket = load("ws");
const URL = env.VOODOO_URL;
const DEADLINE_MS = 30_000;
const ADA = { handle: "ada", name: "Ada Lovelace", password: "correct horse battery" };
const BO = { handle: "bo", name: "Bo", password: "a lamp by the window" };

function load(name) {
  try {
    return createRequire(new globalThis.URL("../../../../../web/package.json", import.meta.url))(name);
  } catch {
    console.error(`the Node library \`${name}\` is missing: run \`npm ci\` in web/`);
    exit(1);
  }
}

/** Compares, and says what was compared. */
function check(what, found, expected) {
  deepStrictEqual(
    found,
    expected,
    `FAILED ${what}: ${JSON.stringify(found)} is not ${JSON.stringify(expected)}`,
  );
  console.log(`ok ${what}`);
}

/** A UUID of version 7. */
function newClientId() {
  const bytes = getRandomValues(new Uint8Array(16));
  new DataView(bytes.buffer).setBigUint64(
    0,
    (BigInt(Date.now()) << 16n) | 0x7000n | BigInt(((bytes[6] & 0x0f) << 8) | bytes[7]),
  );
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = Buffer.from(bytes).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`FAILED waited too long for ${what}`)), DEADLINE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function http(method, path, body, token) {
  const headers = {
    ...(body && { "Content-Type": "application/json" }),
    ...(token && { Authorization: `Bearer ${token}` }),
  };
  const answer = await fetch(`${URL}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, json: text ? JSON.parse(text) : undefined };
}

async function succeed(method, path, body, token) {
  const answer = await http(method, path, body, token);
  if (answer.status < 200 || answer.status > 299) {
    throw new Error(`FAILED ${method} ${path}: ${answer.status} ${JSON.stringify(answer.json)}`);
  }
  return answer;
}

/** Checks an error against RFC 9457 and the table of codes. */
function refused(what, answer, status, code) {
  check(what, [answer.status, answer.json.status, answer.json.code], [status, status, code]);
  check(
    `${what}: a problem of RFC 9457`,
    answer.headers.get("Content-Type").split(";")[0],
    "application/problem+json",
  );
}

function open(token, protocols = ["voodoo.v1"]) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  return new WebSocket(`${URL.replace(/^http/, "ws")}/ws`, protocols, { headers });
}

/** The HTTP status with which the upgrade is refused. */
async function notLetIn(token, protocols) {
  const socket = open(token, protocols);
  const [, answer] = await within(once(socket, "unexpected-response"), "an answer to the upgrade");
  answer.resume();
  return answer.statusCode;
}

/** What a client knows, by the rules of docs/protocol/retrieval.md and reading.md. */
class State {
  userRev = 0;
  /** Conversation → the greatest rev that was told. */
  told = new Map();
  /** Conversation → the read mark that was told. */
  read = new Map();
  holes = [];

  constructor(user) {
    this.user = user;
  }

  digest() {
    const sum = (map) => [...map.values()].reduce((a, b) => a + b, 0);
    return {
      user_rev: this.userRev,
      conversations: this.told.size,
      revs: sum(this.told),
      reads: sum(this.read),
    };
  }

  head(head) {
    raise(this.told, head.conversation, head.last_rev);
    raise(this.read, head.conversation, head.read_seq);
  }

  sync(page) {
    for (const conversation of page.gone) {
      this.forget(conversation);
    }
    for (const head of [...page.conversations.map((it) => it.head), ...page.heads]) {
      this.head(head);
    }
    if (page.done) {
      this.userRev = page.digest.user_rev;
    }
  }

  forget(conversation) {
    this.told.delete(conversation);
    this.read.delete(conversation);
  }

  event(event) {
    const { conversation, rev } = event;
    if (event.user_rev !== undefined && event.type !== "heads") {
      if (event.user_rev > this.userRev + 1) {
        this.holes.push(event);
      }
      this.userRev = Math.max(this.userRev, event.user_rev);
    }
    if (event.type === "conversation") {
      this.head(event.head);
    } else if (event.type === "conversation_gone") {
      this.forget(conversation);
    } else if (event.type === "read") {
      raise(this.read, conversation, event.seq);
    } else if (conversation && rev) {
      this.change(event);
    }
  }

  change(event) {
    const told = this.told.get(event.conversation);
    if (event.rev > told + 1) {
      this.holes.push(event);
    } else if (event.rev === told + 1) {
      this.told.set(event.conversation, event.rev);
      if (event.type === "message" && event.from === this.user) {
        raise(this.read, event.conversation, event.seq);
      }
    }
  }
}

function raise(map, key, value) {
  map.set(key, Math.max(map.get(key) ?? 0, value));
}

/** One socket: requests with their replies, and events in the order in which they came. */
class Session {
  #ids = 0;
  #waiting = new Map();
  #frames = [];
  #early = [];
  #watchers = new Set();
  pages = [];

  constructor(token, state) {
    this.token = token;
    this.state = state;
  }

  async open(resume) {
    this.socket = open(this.token);
    this.closed = once(this.socket, "close").then(([code]) => code);
    this.socket.on("message", (data) => this.#take(JSON.parse(data.toString())));
    await within(once(this.socket, "open"), "the upgrade");
    this.tell({
      type: "hello",
      client: { name: "client.test.mjs", version: "1" },
      ...(resume && { resume }),
    });
    await this.meet({ type: "done" });
    return this;
  }

  #take(frame) {
    if (frame.type === "welcome") {
      this.welcome = frame;
      this.state ??= new State(frame.user);
    } else if (frame.type === "sync") {
      this.#sync(frame);
    } else if (frame.type === "ok" || frame.type === "refused") {
      this.#waiting.get(frame.id)(frame);
      this.#waiting.delete(frame.id);
    } else if (this.atDone) {
      this.#event(frame);
    } else {
      this.#early.push(frame);
    }
  }

  #sync(page) {
    this.pages.push(page);
    this.state.sync(page);
    if (page.done) {
      this.atDone = this.state.digest();
      this.#frames.push({ type: "done" });
      this.#early.splice(0).forEach((event) => this.#event(event));
      this.#wake();
    }
  }

  #event(event) {
    this.state.event(event);
    this.#frames.push(event);
    this.#wake();
  }

  #wake() {
    for (const look of this.#watchers) {
      look();
    }
  }

  tell(frame) {
    this.socket.send(JSON.stringify(frame));
  }

  ask(request) {
    const id = ++this.#ids;
    const answer = new Promise((resolve) => this.#waiting.set(id, resolve));
    this.tell({ ...request, id });
    return within(answer, `the reply to ${request.type}`);
  }

  /** Sends a message; its `ok` stands for the event. */
  async send(conversation, text, client_id = newClientId()) {
    const reply = await this.ask({ type: "send", conversation, client_id, body: { kind: "text", text } });
    if (reply.type === "ok" && !reply.duplicate) {
      this.state.event({
        type: "message",
        conversation,
        from: this.state.user,
        seq: reply.seq,
        rev: reply.rev,
      });
    }
    return reply;
  }

  /** Waits for a frame with these fields and takes it. */
  meet(wanted) {
    const isIt = (frame) => Object.entries(wanted).every(([key, value]) => frame[key] === value);
    const found = new Promise((resolve) => {
      const look = () => {
        const index = this.#frames.findIndex(isIt);
        if (index >= 0) {
          this.#watchers.delete(look);
          resolve(this.#frames.splice(index, 1)[0]);
        }
      };
      this.#watchers.add(look);
      look();
    });
    return within(found, JSON.stringify(wanted));
  }

  async checkDigest(what) {
    const own = this.state.digest();
    this.tell({ type: "ping", check: true });
    const pong = await this.meet({ type: "pong" });
    check(`${what}: the digest is the client's own four values`, pong.digest, own);
    check(`${what}: no hole was met`, this.state.holes, []);
    return pong;
  }
}

async function accounts() {
  const about = await succeed("GET", "/server");
  check("a new server has no owner", [about.json.claimed, about.json.protocols], [false, ["voodoo.v1"]]);
  const token = env.VOODOO_SETUP_TOKEN;
  const wrong = await http("POST", "/setup", { token: `${token}x`, ...ADA });
  check("a wrong set-up token makes no owner", wrong.status >= 400 && wrong.status < 500, true);
  const setup = await succeed("POST", "/setup", { token, server_name: "Hafen", ...ADA });
  const owner = setup.json;
  check("a program gets a token", Object.keys(owner).sort(), ["device", "expires_ms", "token", "user"]);
  check("and no cookie", setup.headers.get("Set-Cookie"), null);
  refused("set-up works once", await http("POST", "/setup", { token, ...BO }), 410, "gone");

  const invite = (await succeed("POST", "/invites", { uses: 1, ttl_s: 3600 }, owner.token)).json;
  check("the code stands in the fragment", new globalThis.URL(invite.url).hash, `#${invite.code}`);
  const look = (await succeed("POST", "/invites/look", { code: invite.code })).json;
  check(
    "it leads into the server",
    [look.server_name, look.inviter.handle, look.conversation],
    ["Hafen", "ada", undefined],
  );
  const short = await http("POST", "/sign-up", { invite: invite.code, ...BO, password: "short" });
  refused("a short password", short, 400, "bad_request");
  check("the field is named", short.json.field, "password");
  const bo = (await succeed("POST", "/sign-up", { invite: invite.code, ...BO })).json;
  const unknown = await http("POST", "/invites/look", { code: "nothing" });
  refused("an unknown invite", unknown, 410, "gone");
  const second = (await succeed("POST", "/log-in", { handle: "bo", password: BO.password })).json;
  check("the same user on another device", [second.user, second.device === bo.device], [bo.user, false]);
  refused(
    "a wrong password",
    await http("POST", "/log-in", { handle: "bo", password: "wrong" }),
    401,
    "unauthenticated",
  );
  return { owner, bo, second };
}

async function door(owner) {
  check("no token: no socket", await notLetIn(undefined), 401);
  check("a wrong token: no socket", await notLetIn("wrong"), 401);
  check("a foreign subprotocol: no socket", await notLetIn(owner.token, ["chat.v9"]), 426);
  const socket = open(owner.token, ["chat.v9", "voodoo.v1"]);
  await within(once(socket, "open"), "the upgrade");
  check("the common subprotocol is chosen", socket.protocol, "voodoo.v1");
  check("no extension is used", socket.extensions, "");
  socket.send(Buffer.from([1, 2, 3]));
  const [code] = await within(once(socket, "close"), "the close");
  check("a binary frame closes", code, 1003);
}

async function talk(ada, bo) {
  const { users } = await ada.ask({ type: "users", query: "bo" });
  const user = users.find((it) => it.handle === "bo");
  check("the other user is found", [user.user, user.name, user.kind], [bo.state.user, "Bo", "human"]);
  const create = { type: "create", client_id: newClientId(), kind: "direct", members: [user.user] };
  const { conversation } = await ada.ask(create);
  const own = await ada.meet({ type: "conversation", conversation });
  check("its event comes too", [own.state, own.members, own.head.last_rev], ["active", 2, 0]);
  const again = await ada.ask({ ...create, client_id: newClientId() });
  check("there is one per pair", again.conversation, conversation);

  const name = newClientId();
  const sent = await ada.send(conversation, "Grüße 🥶", name);
  check("the first message", [sent.seq, sent.rev, sent.duplicate], [1, 1, false]);
  const repeat = await ada.send(conversation, "something else", name);
  check("a repeat gets the first answer", repeat, { ...sent, id: repeat.id, duplicate: true });
  const theirs = await bo.meet({ type: "conversation", conversation });
  check("the other side gets the conversation", [theirs.peer.handle, theirs.role], ["ada", "member"]);
  const heard = await bo.meet({ type: "message", conversation });
  check("and the message", [heard.seq, heard.rev, heard.client_id, heard.at_ms], [1, 1, name, sent.at_ms]);
  check("letter for letter", [heard.from, heard.body], [ada.state.user, { kind: "text", text: "Grüße 🥶" }]);

  const replies = await Promise.all(["one", "two", "three"].map((text) => ada.send(conversation, text)));
  check(
    "what is sent at once stands in the order sent",
    replies.map((it) => it.seq),
    [2, 3, 4],
  );
  await bo.meet({ type: "message", seq: 4 });
  const direct = await bo.ask({
    type: "create",
    client_id: newClientId(),
    kind: "direct",
    members: [ada.state.user],
  });
  check("from the other side it is the same", direct.conversation, conversation);
  return conversation;
}

async function pages(bo, conversation) {
  const newest = await bo.ask({ type: "history", conversation, limit: 2 });
  check("the newest page", [newest.messages.map((it) => it.seq), newest.more, newest.rev], [[3, 4], true, 4]);
  const older = await bo.ask({ type: "history", conversation, before: 3 });
  check("the one before", [older.messages.map((it) => it.seq), older.more], [[1, 2], false]);
  const after = await bo.ask({ type: "history", conversation, after: 2, limit: 1 });
  check("after is exclusive", [after.messages.map((it) => it.seq), after.more], [[3], true]);
  const changes = await bo.ask({ type: "changes", conversation, since_rev: 0, limit: 3 });
  check(
    "changes by mod_rev",
    changes.messages.map((it) => it.mod_rev),
    [1, 2, 3],
  );
  check("complete up to", [changes.rev, changes.more], [3, true]);
  const rest = await bo.ask({ type: "changes", conversation, since_rev: changes.rev });
  check("and the rest", [rest.messages.map((it) => it.seq), rest.rev, rest.more], [[4], 4, false]);
  const none = await bo.ask({ type: "history", conversation: "c_zzzzz" });
  check(
    "another's conversation does not exist",
    [none.type, none.code, none.retry],
    ["refused", "not_found", "never"],
  );
}

async function reading(ada, bo, conversation) {
  await bo.checkDigest("before reading");
  bo.tell({ type: "read", conversation, seq: 3 });
  const read = await bo.meet({ type: "read", conversation });
  check("the mark is told", [read.seq, read.mentions], [3, 0]);
  bo.tell({ type: "read", conversation, seq: 2 });
  bo.tell({ type: "read", conversation, seq: 4 });
  check("the greater wins", (await bo.meet({ type: "read", conversation })).seq, 4);
  await bo.checkDigest("after reading");
  await ada.checkDigest("the sender");
}

async function resume(ada, bo, conversation) {
  const pong = await bo.checkDigest("before the drop");
  const cursor = { epoch: bo.welcome.epoch, user_rev: bo.state.userRev, since_ms: pong.now_ms };
  const have = bo.state.told.get(conversation);
  bo.socket.terminate();
  await within(bo.closed, "the drop");
  for (const text of ["four", "five"]) {
    await ada.send(conversation, text);
  }
  const back = await new Session(bo.token, bo.state).open(cursor);
  check("the session resumes", back.welcome.resumed, true);
  check("the head tells of it", back.state.told.get(conversation), have + 2);
  check("at done the digest is the client's", back.pages.at(-1).digest, back.atDone);
  const missed = await back.ask({ type: "changes", conversation, since_rev: have });
  check(
    "what was missed",
    missed.messages.map((it) => it.body.text),
    ["four", "five"],
  );
  await ada.send(conversation, "six");
  const event = await back.meet({ type: "message", conversation });
  check("events go on", [event.rev, event.body.text], [have + 3, "six"]);
  await back.checkDigest("after the resume");

  const reply = await back.ask({ type: "resync", user_rev: 0, since_ms: 0 });
  check("resync is answered", reply.type, "ok");
  await back.meet({ type: "done" });
  const page = back.pages.at(-1);
  check("and brings everything", [page.conversations.length, page.digest], [1, back.state.digest()]);
  return back;
}

async function devices(bo, second, conversation) {
  const lamp = await new Session(second.token).open();
  const sent = await bo.send(conversation, "from the first device");
  check("the other device hears it", (await lamp.meet({ type: "message", seq: sent.seq })).rev, sent.rev);
  await lamp.checkDigest("the second device");
  await succeed("POST", "/log-out", undefined, second.token);
  check("log-out closes the socket", await within(lamp.closed, "the close"), 4401);
  check("the token opens no socket", await notLetIn(second.token), 401);
  refused(
    "nor anything else",
    await http("GET", "/devices", undefined, second.token),
    401,
    "unauthenticated",
  );
  const left = (await succeed("GET", "/devices", undefined, bo.token)).json;
  check(
    "one device is left",
    left.map((it) => [it.device, it.current]),
    [[bo.welcome.device, true]],
  );
  await bo.checkDigest("the first device is untouched");
}

async function main() {
  console.log(`Node ${version}, ws`);
  const { owner, bo: boDevice, second } = await accounts();
  await door(owner);
  const ada = await new Session(owner.token).open();
  check("welcome names the server", ada.welcome.server.name, "Hafen");
  check("nothing to resume", [ada.welcome.resumed, ada.pages.at(-1).conversations], [false, []]);
  check("the digest of the first sync", ada.pages.at(-1).digest, ada.atDone);
  const first = await new Session(boDevice.token).open();
  const conversation = await talk(ada, first);
  await pages(first, conversation);
  await reading(ada, first, conversation);
  const bo = await resume(ada, first, conversation);
  await devices(bo, second, conversation);
  ada.tell({ type: "bye" });
  check("bye ends in good order", await within(ada.closed, "the close"), 1000);
  bo.socket.send("not JSON");
  check("what is not JSON closes", await within(bo.closed, "the close"), 4400);
  console.log("all is as the pages say");
}

await main().catch((error) => {
  console.error(error.message);
  exit(1);
});
