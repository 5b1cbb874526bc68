/** Several tabs of one browser, without a browser. */
import type { Channel, TabMessage, Tabs } from "../tabs";

/** Tabs of one browser: the first that asks leads, the next when it ends. */
export class Browser {
  readonly #waiting: (() => void)[] = [];
  #is_led = false;
  readonly #hearers = new Map<number, (message: TabMessage) => void>();
  #n = 0;

  tab(): Tabs {
    const tab = this.#n++;
    const channel: Channel = {
      post: (message) => {
        const text = structuredClone(message);
        for (const [other, hear] of this.#hearers) if (other !== tab) setImmediate(() => hear(text));
      },
      listen: (hear) => void this.#hearers.set(tab, hear),
      close: () => void this.#hearers.delete(tab),
    };
    return { channel, lead: (began) => this.#lead(began) };
  }

  #lead(began: () => void): () => void {
    let is_leader = false;
    const lead = () => {
      is_leader = true;
      this.#is_led = true;
      began();
    };
    if (this.#is_led) this.#waiting.push(lead);
    else lead();
    return () => {
      if (!is_leader) return;
      this.#is_led = false;
      this.#waiting.shift()?.();
    };
  }
}
