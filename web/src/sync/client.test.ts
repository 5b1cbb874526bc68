import "fake-indexeddb/auto";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { MAX_OUTBOX } from "./actions";
import { type Client, createClient } from "./client";
import { deleteDatabase } from "./database";
import { OutboxFull } from "./refusal";
import type { Tabs } from "./tabs";
import { Browser } from "./testing/browser";
import { ANN, BOB, HERE, ModelServer, openNothing, TestClock } from "./testing/model";

const clients: Client[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await settled();
  await deleteDatabase(ANN);
});

function start(server: Pick<ModelServer, "open">, clock: TestClock, tabs?: Tabs): Client {
  const client = createClient({
    user: ANN,
    program: { name: "test", version: "0" },
    open_socket: () => server.open(),
    clock,
    random: () => 0.5,
    ...(tabs === undefined ? {} : { tabs }),
  });
  clients.push(client);
  return client;
}

/** Lets everything that is under way come to rest: microtasks and the storage's tasks. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function texts(client: Client): string[] {
  return client
    .snapshot()
    .timeline(HERE)
    .lines.map((line) => {
      if (line.kind === "sent") return `${line.message.body?.text}`;
      if (line.kind === "pending" || line.kind === "refused") return `${line.kind} ${line.body.text}`;
      return line.kind;
    });
}

async function live(server: Pick<ModelServer, "open">, clock: TestClock, tabs?: Tabs): Promise<Client> {
  const client = start(server, clock, tabs);
  await settled();
  client.actions.open(HERE);
  await settled();
  return client;
}

describe("a client", () => {
  it("shows conversations and messages once it is live", async () => {
    const server = new ModelServer();
    server.sayUnheard("hello");
    const client = await live(server, new TestClock());
    const { connection, conversations, me } = client.snapshot();
    expect(connection.state).toBe("live");
    expect(me?.name).toBe("Ann");
    expect(conversations.map(({ title, unread }) => [title, unread])).toEqual([["Bob", 1]]);
    expect(texts(client)).toEqual(["hello"]);
  });

  it("keeps the same snapshot while nothing changes", async () => {
    const client = await live(new ModelServer(), new TestClock());
    const snapshot = client.snapshot();
    expect(client.snapshot()).toBe(snapshot);
    expect(snapshot.timeline(HERE)).toBe(client.snapshot().timeline(HERE));
  });

  it("shows a message at once, and keeps its key when it is acknowledged", async () => {
    const server = new ModelServer();
    const client = await live(server, new TestClock());
    void client.actions.send(HERE, "one");
    const [pending] = client.snapshot().timeline(HERE).lines;
    expect(pending?.kind).toBe("pending");
    const row = () => client.snapshot().conversations[0];
    expect(row()).toMatchObject({ own_tick: "pending", preview: { from: "u_1", text: "one" } });
    await settled();
    const [sent] = client.snapshot().timeline(HERE).lines;
    expect(sent).toMatchObject({ kind: "sent", key: pending?.key, status: "sent" });
    expect(row()).toMatchObject({ unread: 0, own_tick: "sent", preview: { from: "u_1", text: "one" } });
  });

  it("names in the list what was refused, until others say more", async () => {
    const server = new ModelServer();
    const client = await live(server, new TestClock());
    server.is_closed = true;
    await client.actions.send(HERE, "not taken");
    await settled();
    const row = () => client.snapshot().conversations[0];
    expect(row()).toMatchObject({ own_tick: "refused", preview: { from: "u_1", text: "not taken" } });
    server.say("later", 1_800_000_000_000);
    await settled();
    expect(row()).toMatchObject({ own_tick: "refused", preview: { from: "u_2", text: "later" } });
  });

  it("knows after a reload that others had read", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const first = await live(server, clock);
    await first.actions.send(HERE, "read by bob?");
    await settled();
    server.tell({ type: "reads", conversation: HERE, read: [{ user: BOB, seq: 1 }], received: [] });
    clock.pass(2_000);
    await settled();
    expect(first.snapshot().conversations[0]?.own_tick).toBe("read");
    first.close();
    await settled();
    const second = start(server, clock);
    await settled();
    const { connection, conversations } = second.snapshot();
    expect([connection.state, conversations[0]?.own_tick]).toEqual(["live", "read"]);
  });

  it("sends what was written offline after it came back, once each and in order", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const client = await live(server, clock);
    server.cut();
    await settled();
    expect(client.snapshot().connection).toMatchObject({ state: "waiting", retry_at_ms: clock.now() + 500 });
    await client.actions.send(HERE, "one");
    await client.actions.send(HERE, "two");
    expect(texts(client)).toEqual(["pending one", "pending two"]);
    expect(client.snapshot().connection.n_waiting).toBe(2);
    clock.pass(500);
    await settled();
    expect(server.messages.map(({ body }) => body?.text)).toEqual(["one", "two"]);
    expect(texts(client)).toEqual(["one", "two"]);
  });

  it("does not double a message whose answer was lost", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const client = await live(server, clock);
    server.n_lost_answers = 1;
    await client.actions.send(HERE, "once");
    await settled();
    clock.pass(1_000);
    await settled();
    clock.pass(5_000);
    await settled();
    expect(server.messages).toHaveLength(1);
    expect(texts(client)).toEqual(["once"]);
  });

  it("starts from what was kept, unsent messages included", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const first = await live(server, clock);
    server.say("kept");
    await settled();
    server.cut();
    await settled();
    await first.actions.send(HERE, "unsent");
    first.close();
    await settled();
    const second = start({ open: openNothing }, clock);
    // Nothing of the new server has come yet: this is the device's copy.
    while (second.snapshot().conversations.length === 0)
      await new Promise((resolve) => setImmediate(resolve));
    expect(second.snapshot().conversations[0]).toMatchObject({
      title: "Bob",
      unread: 1,
      own_tick: "pending",
      preview: { text: "unsent" },
    });
    second.close();
    await settled();
    const third = await live(server, clock);
    clock.pass(0);
    await settled();
    expect(texts(third)).toEqual(["kept", "unsent"]);
  });

  it("stops where the server says so, and goes on when the user asks", async () => {
    const server = new ModelServer();
    const client = await live(server, new TestClock());
    server.cut(4409);
    await settled();
    expect(client.snapshot().connection).toMatchObject({ state: "stopped", stopped: { code: 4409 } });
    client.actions.connectNow();
    await settled();
    expect(client.snapshot().connection.state).toBe("live");
  });

  it("finds by the digest what was lost on the way", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const client = await live(server, clock);
    server.sayUnheard("lost");
    client.tell("visible");
    await settled();
    clock.pass(1_000);
    await settled();
    clock.pass(0);
    await settled();
    expect(texts(client)).toEqual(["lost"]);
  });

  it("tells the first mark at once and the next within a second", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const client = await live(server, clock);
    for (const text of ["a", "b", "c"]) server.say(text);
    await settled();
    for (const seq of [1, 2, 3]) client.actions.markRead(HERE, seq);
    expect(client.snapshot().conversations[0]?.unread).toBe(0);
    await settled();
    expect(server.read_seq).toBe(1);
    clock.pass(1_000);
    await settled();
    expect(server.read_seq).toBe(3);
  });
});

describe("several tabs", () => {
  it("share one socket, show the same and send once", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const browser = new Browser();
    let n_sockets = 0;
    const counting = {
      open: () => {
        n_sockets += 1;
        return server.open();
      },
    };
    const leader = await live(counting, clock, browser.tab());
    const follower = await live(counting, clock, browser.tab());
    await follower.actions.send(HERE, "from the second");
    await settled();
    server.say("to both");
    await settled();
    expect(n_sockets).toBe(1);
    expect(server.messages.map(({ body }) => body?.text)).toEqual(["from the second", "to both"]);
    expect(texts(follower)).toEqual(["from the second", "to both"]);
    expect(texts(leader)).toEqual(texts(follower));
    expect((await follower.actions.findUsers("b")).map(({ name }) => name)).toEqual(["Bob"]);
    leader.close();
    await settled();
    await follower.actions.send(HERE, "alone");
    await settled();
    expect(n_sockets).toBe(2);
    expect(texts(follower)).toEqual(["from the second", "to both", "alone"]);
  });

  it("end together at log-out, and nothing is kept", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const browser = new Browser();
    const first = await live(server, clock, browser.tab());
    const second = await live(server, clock, browser.tab());
    server.say("secret");
    await settled();
    await first.forget();
    await settled();
    expect(second.snapshot().connection).toMatchObject({ state: "stopped", stopped: { code: 4401 } });
    const later = start({ open: openNothing }, clock);
    await new Promise((resolve) => setImmediate(resolve));
    expect(later.snapshot().conversations).toEqual([]);
  });
});

describe("the outbox", () => {
  it("takes no more than may wait, and again once there is room", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const client = await live(server, clock);
    server.n_lost_answers = MAX_OUTBOX;
    server.cut();
    const first = await client.actions.send(HERE, "0");
    for (let n = 1; n < MAX_OUTBOX; n += 1) await client.actions.send(HERE, `${n}`);
    await expect(client.actions.send(HERE, "one too many")).rejects.toThrow(OutboxFull);
    expect(client.snapshot().connection.n_waiting).toBe(MAX_OUTBOX);
    await client.actions.discard(first);
    await client.actions.send(HERE, "in its place");
    expect(texts(client).at(-1)).toBe("pending in its place");
  }, 60_000);

  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant("send" as const) },
    { weight: 2, arbitrary: fc.constant("cut" as const) },
    { weight: 2, arbitrary: fc.constant("lose" as const) },
    { weight: 1, arbitrary: fc.constant("restart" as const) },
    { weight: 2, arbitrary: fc.constant("say" as const) },
    { weight: 3, arbitrary: fc.constant("rest" as const) },
    { weight: 3, arbitrary: fc.constant("wait" as const) },
  );

  type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

  /** Plays the steps, then lets everything come to rest. */
  async function play(server: ModelServer, clock: TestClock, steps: readonly Step[]) {
    let client = await live(server, clock);
    const written: string[] = [];
    for (const each of steps) {
      if (each === "send") {
        written.push(`own ${written.length}`);
        await client.actions.send(HERE, written.at(-1) ?? "");
      } else if (each === "cut") server.cut();
      else if (each === "lose") server.n_lost_answers += 1;
      else if (each === "say") server.say("bob's");
      else if (each === "rest") await settled();
      else if (each === "wait") clock.pass(2_000);
      else {
        client.close();
        await settled();
        client = await live(server, clock);
      }
    }
    server.n_lost_answers = 0;
    // In steps, as answers need their turn before the next timer.
    for (let turn = 0; turn < 40; turn += 1) {
      clock.pass(5_000);
      await settled();
    }
    return { client, written };
  }

  it("neither loses nor doubles nor reorders, whatever breaks", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const server = new ModelServer();
        const clock = new TestClock();
        try {
          const { client, written } = await play(server, clock, steps);
          const own = server.messages.filter(({ from }) => from !== BOB).map(({ body }) => body?.text);
          expect(own).toEqual(written);
          expect(texts(client)).toEqual(server.messages.map(({ body }) => body?.text));
        } finally {
          for (const client of clients.splice(0)) client.close();
          await settled();
          await deleteDatabase(ANN);
        }
      }),
      { numRuns: 25, seed: 7 },
    );
  }, 60_000);
});
