import { screen, waitFor, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import type { Role } from "#/proto/wire";
import { Refusal } from "#/sync/refusal";
import { ADA, conversationView, ME, user as person } from "#/testing/builders";
import { fakeClient } from "#/testing/fakeClient";
import { render } from "#/testing/render";
import { ConversationInfo } from "./ConversationInfo";
import { CreateConversation } from "./CreateConversation";
import { RequestBar } from "./RequestBar";

const BO = person("u_bo", "Bo Diddley");

function group(role: Role) {
  const view = conversationView("c_1", ADA, { kind: "group", title: "Swimmers", role });
  const { peer: _peer, ...rest } = view;
  return { ...rest, head: { ...rest.head, title: "Swimmers", members: 3 } };
}

function clientWith(role: Role) {
  const client = fakeClient({ users: [ME, ADA, BO] });
  client.answers.members = () =>
    Promise.resolve({
      members: [
        { user: BO.user, role: "member", joined_ms: 1 },
        { user: ME.user, role, joined_ms: 1 },
        { user: ADA.user, role: "owner", joined_ms: 1 },
      ],
      users: [],
      more: false,
    });
  return client;
}

function info(role: Role, client = clientWith(role)) {
  const handlers = { onClose: vi.fn(), onOpen: vi.fn(), onGone: vi.fn() };
  return { ...render(<ConversationInfo view={group(role)} {...handlers} />, client), ...handlers };
}

test("members stand by their rank, and each has a menu by one's own role", async () => {
  const { user, client } = info("owner");
  await screen.findByText("@bo.diddley");
  const names = screen.getAllByRole("listitem").map((item) => item.textContent);
  expect(names[0]).toContain("Ada Lovelace");
  expect(names.at(-1)).toContain("Bo Diddley");
  await user.click(screen.getByRole("button", { name: "What to do with Bo Diddley" }));
  await user.click(screen.getByRole("menuitem", { name: "Make an admin" }));
  expect(client.calls.find(({ action }) => action === "setRole")?.values).toEqual(["c_1", "u_bo", "admin"]);
  await user.click(screen.getByRole("button", { name: "What to do with Bo Diddley" }));
  await user.click(screen.getByRole("menuitem", { name: "Remove" }));
  expect(client.calls.find(({ action }) => action === "removeMember")?.values).toEqual(["c_1", "u_bo"]);
});

test("a plain member may look and leave, and nothing more", async () => {
  const { user, client, onGone } = info("member");
  await screen.findByText("@bo.diddley");
  expect(screen.queryByRole("button", { name: "Add people" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Delete for everyone" })).toBeNull();
  await user.click(screen.getByRole("button", { name: "What to do with Bo Diddley" }));
  expect(screen.getAllByRole("menuitem").map((item) => item.textContent)).toEqual(["Write a message"]);
  await user.keyboard("{Escape}");
  await user.click(screen.getByRole("button", { name: "Leave" }));
  await user.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Leave" }));
  await waitFor(() => expect(onGone).toHaveBeenCalledOnce());
  expect(client.calls.some(({ action }) => action === "leave")).toBe(true);
});

test("a list that cannot be had says why", async () => {
  const client = clientWith("owner");
  client.answers.members = () =>
    Promise.reject(new Refusal({ code: "rate_limited", message: "slow down", retry: "same" }));
  info("owner", client);
  expect(await screen.findByText(/That was a little fast/)).toBeTruthy();
});

test("a group is made in two steps, with the people who were chosen", async () => {
  const client = fakeClient();
  client.people = [BO];
  const onOpen = vi.fn();
  const { user } = render(<CreateConversation kind="group" onClose={vi.fn()} onOpen={onOpen} />, client);
  await user.type(screen.getByLabelText("Title"), "Swimmers{Enter}");
  await user.type(screen.getByRole("combobox"), "bo");
  await user.click(await screen.findByRole("option", { name: /Bo Diddley/ }));
  await user.click(screen.getByRole("button", { name: "Create" }));
  await waitFor(() => expect(onOpen).toHaveBeenCalledWith("c_new"));
  const made = client.calls.find(({ action }) => action === "createGroup")?.values[0];
  expect(made).toMatchObject({ title: "Swimmers", members: ["u_bo"], settings: { history: "all" } });
});

test("a stranger is accepted or blocked above their words", async () => {
  const view = conversationView("c_9", BO, { state: "request" });
  const { user, client } = render(<RequestBar view={view} />);
  expect(screen.getByText(/Bo Diddley wants to write to you/)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Accept" }));
  expect(client.calls.find(({ action }) => action === "accept")?.values).toEqual(["c_9"]);
  await user.click(screen.getByRole("button", { name: "Block" }));
  expect(client.calls.find(({ action }) => action === "block")?.values).toEqual(["u_bo", true]);
});
