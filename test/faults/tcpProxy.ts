import {connect, createServer, type Server, type Socket} from 'node:net';
import {systemClock} from '../../src/lib/clock.ts';

/** One connection of a client, and ours to the server on its behalf. */
interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/**
 * A wire that a test can spoil: everything between its clients and one server passes through it, as
 * bytes, so that TLS is none of its business. Between two calls of its methods nothing changes.
 */
export class TcpProxy {
  readonly #listener: Server;
  readonly #pairs = new Set<Pair>();
  #targetPort: number;
  #replyDelayMs = 0;
  #dropsReplies = false;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#listener = createServer((client) => this.#join(client));
  }

  /** Listens on a free port of this machine and leads to `targetPort` of it. */
  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    await new Promise<void>((resolve, reject) => {
      proxy.#listener.once('error', reject);
      proxy.#listener.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    const address = this.#listener.address();
    if (address === null || typeof address === 'string') throw new Error('Cannot tell a port yet');
    return address.port;
  }

  /** Every piece of a reply arrives so much later, in order; 0 ends it. */
  delayReplies(delayMs: number): void {
    this.#replyDelayMs = delayMs;
  }

  /**
   * What the server answers from now on is lost, and what it is asked is not; nobody is told. The
   * end of it breaks every connection, as no reply can be read after a hole.
   */
  dropReplies(drops: boolean): void {
    this.#dropsReplies = drops;
    if (!drops) this.cut();
  }

  /** Breaks every connection now; new ones are welcome. */
  cut(): void {
    for (const {client, server} of this.#pairs) {
      client.destroy();
      server.destroy();
    }
  }

  /** Leads to another server, as a name does after a fail-over; what led to the first breaks. */
  leadTo(targetPort: number): void {
    this.#targetPort = targetPort;
    this.cut();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#listener.close(() => resolve()));
  }

  #join(client: Socket): void {
    const server = connect(this.#targetPort, '127.0.0.1');
    const pair = {client, server};
    this.#pairs.add(pair);
    const part = () => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // Its 'close' follows, and says the same.
      socket.on('error', () => {});
      socket.on('close', part);
    }
    client.on('data', (bytes) => server.write(bytes));
    server.on('data', (bytes) => this.#reply(client, bytes));
  }

  #reply(client: Socket, bytes: Buffer): void {
    if (this.#dropsReplies) return;
    const send = () => {
      if (!client.destroyed) client.write(bytes);
    };
    // Timers of one length fire in the order in which they were set.
    if (this.#replyDelayMs > 0) systemClock.setTimer(this.#replyDelayMs, send);
    else send();
  }
}
