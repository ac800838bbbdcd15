import { z } from 'zod';

export const id = <P extends string>(prefix: P) => {
  const form = new RegExp(`^${prefix}_[a-z0-9]{20}$`);
  return z.custom<`${P}_${string}`>((v) => typeof v === 'string' && form.test(v), {
    message: `must be an id ${prefix}_…`,
  });
};
export const digest = z.custom<`sha256:${string}`>(
  (v) => typeof v === 'string' && /^sha256:[0-9a-f]{64}$/.test(v),
);
export const count = z.int().nonnegative();
