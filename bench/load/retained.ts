/** Asks a process of ours over the inspector what it holds after a full collection of garbage. */

interface Answer {
  id?: number;
  result?: { result?: { value?: unknown } };
}

/** MiB of JavaScript objects and of buffers beside them that are reachable; `port` is where the process is inspected. */
export async function retainedMiB(port: number): Promise<number> {
  const list = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(list[0]?.webSocketDebuggerUrl ?? '');
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', () => reject(new Error(`nobody is inspected at ${port}`)), {
      once: true,
    });
  });
  try {
    // Twice: what the first one finalizes is free after the second.
    for (let turn = 1; turn <= 2; turn += 1) await ask(socket, turn, 'HeapProfiler.collectGarbage', {});
    const expression =
      'JSON.stringify((({ heapUsed, external }) => heapUsed + external)(process.memoryUsage()))';
    const answer = await ask(socket, 3, 'Runtime.evaluate', { expression });
    return Number(answer.result?.result?.value) / 1_048_576;
  } finally {
    socket.close();
  }
}

function ask(socket: WebSocket, id: number, method: string, params: object): Promise<Answer> {
  return new Promise((resolve) => {
    const hear = ({ data }: MessageEvent): void => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id !== id) return;
      socket.removeEventListener('message', hear);
      resolve(answer);
    };
    socket.addEventListener('message', hear);
    socket.send(JSON.stringify({ id, method, params }));
  });
}
