import type { WebhookView } from '../../client/webhook.types.js';
import { defineCommand } from '../../command.js';

interface WebhookFlags {
  type?: string[];
}

/** `tow webhooks create URL`: prints the secret, once. */
export const webhooksCreate = defineCommand<[string], WebhookFlags>({
  calls: ['POST /v1/webhooks'],
  declare(command) {
    command
      .argument('<url>', 'an https URL of the public Internet')
      .option(
        '--type <type>',
        'only notices of this type; may be given several times (default: all)',
        (text: string, before: string[] = []) => [...before, text],
      );
  },
  async run(tow, [url], { type: types }) {
    const webhook = await (
      await tow.client()
    ).post<WebhookView & { secret: string }>('/v1/webhooks', { url, types });
    tow.out.talk(`Made ${webhook.id}. What its signatures are checked with is shown this once:`);
    tow.out.line(webhook, webhook.secret);
    return undefined;
  },
});
