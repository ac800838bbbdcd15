import { z } from 'zod';
import { ConfigError, baseConfig, loadConfig } from './config.js';

const schema = z.object({ ...baseConfig, DATABASE: z.string().min(1), SECRET: z.string().min(8) });

describe('loadConfig', () => {
  it('reads numbers and defaults', () => {
    const config = loadConfig(schema, { TOWPATH_PORT: '8080', DATABASE: 'x', SECRET: 'long enough' });
    expect(config).toEqual({
      TOWPATH_HOST: '127.0.0.1',
      TOWPATH_PORT: 8080,
      TOWPATH_LOG_LEVEL: 'info',
      NODE_ENV: 'development',
      DATABASE: 'x',
      SECRET: 'long enough',
    });
  });

  it('names every problem at once and no value', () => {
    const attempt = (): unknown => loadConfig(schema, { TOWPATH_PORT: 'canary1', SECRET: 'canary2' });
    expect(attempt).toThrow(ConfigError);
    try {
      attempt();
    } catch (error) {
      const names = (error as ConfigError).problems.map((p) => p.name);
      expect(names).toEqual(['TOWPATH_PORT', 'DATABASE', 'SECRET']);
      expect((error as Error).message).not.toMatch(/canary/);
    }
  });
});
