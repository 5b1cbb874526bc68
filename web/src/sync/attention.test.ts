import "fake-indexeddb/auto";
import { afterEach, describe, expect, it } from "vitest";
import type { UserId } from "#/proto/wire";
import { type Client, createClient } from "./client";
import { deleteDatabase } from "./database";
import { ANN, BOB, HERE, ModelServer, TestClock } from "./testing/model";

let client: Client | undefined;

afterEach(async () => {
  client?.close();
  await settled();
  await deleteDatabase(ANN);
});

async function settled(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function live(server: ModelServer, clock: TestClock): Promise<Client> {
  client = createClient({
    user: ANN,
    program: { name: "test", version: "0" },
    open_socket: () => server.open(),
    clock,
    random: () => 0.5,
  });
  await settled();
  client.actions.open(HERE);
  await settled();
  return client;
}

function typing(client: Client): readonly UserId[] | undefined {
  return client.snapshot().conversations[0]?.typing;
}

function heard(server: ModelServer, type: string): object[] {
  return server.heard.filter((frame) => frame.type === type).map(({ id: _id, ...frame }) => frame);
}

describe("who types", () => {
  const FRAME = { type: "typing", conversation: HERE, user: BOB };

  it("is shown for six seconds after the last frame", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const client = await live(server, clock);
    server.tell(FRAME);
    await settled();
    expect(typing(client)).toEqual([BOB]);
    clock.pass(5_000);
    server.tell(FRAME);
    await settled();
    clock.pass(5_999);
    expect(typing(client)).toEqual([BOB]);
    clock.pass(1);
    expect(typing(client)).toBeUndefined();
  });

  it("types no more once the message is there, or the connection is not", async () => {
    const server = new ModelServer();
    const client = await live(server, new TestClock());
    server.tell(FRAME);
    server.say("written");
    await settled();
    expect(typing(client)).toBeUndefined();
    server.tell(FRAME);
    await settled();
    server.cut();
    await settled();
    expect(typing(client)).toBeUndefined();
  });

  it("is never oneself", async () => {
    const server = new ModelServer();
    const client = await live(server, new TestClock());
    server.tell({ ...FRAME, user: ANN });
    await settled();
    expect(typing(client)).toBeUndefined();
  });

  it("is told at most every three seconds, and at once after a message", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const client = await live(server, clock);
    for (let n = 0; n < 7; n += 1) {
      client.actions.typing(HERE);
      clock.pass(1_000);
    }
    await settled();
    expect(heard(server, "typing")).toHaveLength(3);
    await client.actions.send(HERE, "sent");
    client.actions.typing(HERE);
    await settled();
    expect(heard(server, "typing")).toHaveLength(4);
  });
});

describe("what is on screen", () => {
  it("is told once for a whole list, and again to the next session", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const client = await live(server, clock);
    client.actions.watch([BOB]);
    client.actions.watch(["u_3" as UserId]);
    clock.pass(100);
    await settled();
    expect(heard(server, "watch")).toEqual([{ type: "watch", users: [BOB, "u_3"] }]);
    expect(heard(server, "focus")).toEqual([{ type: "focus", conversations: [HERE] }]);
    server.cut();
    await settled();
    clock.pass(1_000);
    await settled();
    expect(heard(server, "watch")).toHaveLength(2);
    expect(heard(server, "focus")).toHaveLength(2);
  });

  it("counts as long as anybody shows it", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const client = await live(server, clock);
    const first = client.actions.watch([BOB]);
    const second = client.actions.watch([BOB]);
    first();
    first();
    clock.pass(100);
    await settled();
    second();
    clock.pass(100);
    await settled();
    expect(heard(server, "watch")).toEqual([
      { type: "watch", users: [BOB] },
      { type: "watch", users: [] },
    ]);
  });

  it("is nothing in a tab in the background, and nobody is there", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const client = await live(server, clock);
    clock.pass(100);
    client.tell("hidden");
    clock.pass(100);
    client.tell("visible");
    clock.pass(100);
    await settled();
    expect(heard(server, "active")).toEqual([
      { type: "active", on: false },
      { type: "active", on: true },
    ]);
    expect(heard(server, "focus").at(-1)).toEqual({ type: "focus", conversations: [HERE] });
    expect(heard(server, "focus")).toHaveLength(3);
  });
});

describe("presence", () => {
  it("is what watching answered, and what is told since", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const client = await live(server, clock);
    client.actions.watch([BOB]);
    clock.pass(100);
    await settled();
    expect(client.snapshot().presence.get(BOB)?.state).toBe("online");
    server.tell({ type: "presence", users: [{ user: BOB, state: "away" }] });
    await settled();
    expect(client.snapshot().presence.get(BOB)?.state).toBe("away");
    server.cut();
    await settled();
    expect(client.snapshot().presence.size).toBe(0);
  });
});

describe("receipts", () => {
  it("of a conversation on screen are asked for once, then told", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const client = await live(server, clock);
    await client.actions.send(HERE, "read by bob?");
    await settled();
    expect(client.snapshot().conversations[0]?.own_tick).toBe("sent");
    client.actions.close(HERE);
    clock.pass(100);
    client.actions.open(HERE);
    clock.pass(100);
    await settled();
    expect(client.snapshot().conversations[0]?.own_tick).toBe("read");
    expect(heard(server, "receipts")).toEqual([{ type: "receipts", conversation: HERE, seq: 1 }]);
  });
});

describe("a request that may be repeated", () => {
  it("waits for the connection, and then has its answer", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const client = await live(server, clock);
    server.cut();
    await settled();
    const pinned = client.actions.pin(HERE, 1, true);
    await settled();
    clock.pass(1_000);
    await settled();
    await expect(pinned).resolves.toBeUndefined();
    expect(heard(server, "pin")).toHaveLength(1);
  });

  it("is refused as unavailable where the connection stays away", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const client = await live(server, clock);
    server.cut(4409);
    await settled();
    const pinned = client.actions.pin(HERE, 1, true);
    const refused = expect(pinned).rejects.toMatchObject({ name: "Refusal", code: "unavailable" });
    await settled();
    clock.pass(10_000);
    await refused;
  });
});
