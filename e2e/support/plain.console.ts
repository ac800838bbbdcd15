import { Console } from 'node:console';

// what jest writes to its own output is its report
globalThis.console = new Console(process.stderr);
