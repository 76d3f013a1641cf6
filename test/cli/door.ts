import {connect, createServer, type Server, type Socket} from 'node:net';

/**
 * Passes bytes on to a server: it seems to start when this opens, and every connection can be cut.
 */
export class Door {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** Opens it on `port` of this machine; 0 takes a free one. */
  static async open(port: number, target: string): Promise<Door> {
    const door = new Door(new URL(target));
    await new Promise<void>((resolve) => door.#server.listen(port, '127.0.0.1', resolve));
    return door;
  }

  private constructor({hostname, port}: URL) {
    this.#server = createServer((socket) => {
      const further = connect(Number(port), hostname);
      socket.pipe(further).pipe(socket);
      for (const end of [socket, further]) {
        this.#sockets.add(end);
        end.on('error', () => {});
        end.on('close', () => {
          this.#sockets.delete(end);
          socket.destroy();
          further.destroy();
        });
      }
    });
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string')
      throw new Error('Cannot use a closed door');
    return `https://127.0.0.1:${address.port}`;
  }

  /** Breaks every connection; new ones are let through. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }
}
