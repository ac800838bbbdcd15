import { Milestone, Stopped } from './milestone.js';

it('is passed once it is reached, also when it is stopped later', async () => {
  const milestone = new Milestone();
  const passed = milestone.passed();
  milestone.reach();
  milestone.stop();
  await passed;
  await milestone.passed();
});

it('is waited for no longer once it is stopped, and harms nobody who does not wait', async () => {
  const milestone = new Milestone();
  const passed = milestone.passed();
  expect(milestone.isStopped).toBe(false);
  milestone.stop();
  milestone.reach();
  await expect(passed).rejects.toBeInstanceOf(Stopped);
  await expect(milestone.passed()).rejects.toBeInstanceOf(Stopped);
  expect(milestone.isStopped).toBe(true);
});
