// The way between a page and its server, which may be slow, swallow everything, or be cut.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server as Listener, type Socket } from "node:net";

export class Way {
  /** As long as it is not open, whoever comes is turned away. */
  isOpen = true;
  /** What goes through in a second, each way of each connection. */
  bytesPerS = Number.POSITIVE_INFINITY;
  readonly #listener: Listener;
  readonly #sockets = new Set<Socket>();
  #hold: Promise<void> = Promise.resolve();
  #release = () => {};

  private constructor(listener: Listener) {
    this.#listener = listener;
  }

  /** Leads to a server. */
  static async to(url: string): Promise<Way> {
    const way = new Way(createServer());
    const port = Number(new URL(url).port);
    way.#listener.on("connection", (page) => way.#join(page, connect(port, "127.0.0.1")));
    way.#listener.listen(0, "127.0.0.1");
    await once(way.#listener, "listening");
    return way;
  }

  get url(): string {
    return `http://localhost:${(this.#listener.address() as AddressInfo).port}`;
  }

  /** Ends every connection where it is. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Nothing comes through from here on, and nobody is told. */
  hold(): void {
    this.#hold = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#release();
  }

  remove(): void {
    this.#listener.close();
    this.release();
    this.cut();
  }

  #join(page: Socket, server: Socket): void {
    for (const socket of [page, server]) {
      this.#sockets.add(socket);
      // That a side is gone is told by its end.
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        page.destroy();
        server.destroy();
      });
    }
    if (!this.isOpen) page.destroy();
    void this.#pass(page, server);
    void this.#pass(server, page);
  }

  async #pass(from: Socket, to: Socket): Promise<void> {
    try {
      for await (const piece of from as AsyncIterable<Buffer>) {
        const ms = (piece.length / this.bytesPerS) * 1_000;
        if (ms >= 1) await new Promise((resolve) => setTimeout(resolve, ms));
        await this.#hold;
        to.write(piece);
      }
    } catch {
      // It was cut.
    }
  }
}
