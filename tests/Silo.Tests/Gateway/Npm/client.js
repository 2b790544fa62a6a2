// Talks to a server with the npm package "openai" and prints what came, as one JSON object.
// Arguments: the server's /v1 address, a file of conversations ([[question, ...], ...]) to hold one after another.
const fs = require('fs');
const OpenAI = require('openai').default;

const client = new OpenAI({ baseURL: process.argv[2], apiKey: 'none', maxRetries: 0 });
const model = 'needle';
const user = content => ({ role: 'user', content });

async function failure(promise) {
  try {
    await promise;
    return null;
  } catch (e) {
    return { type: e.constructor.name, status: e.status, code: e.code, param: e.param, message: e.message };
  }
}

async function streamed(messages) {
  const stream = await client.chat.completions.create({
    model, messages, temperature: 0, max_tokens: 12, stream: true, stream_options: { include_usage: true },
  });
  let text = '', usage = null, finish = null;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? '';
    finish = chunk.choices[0]?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
  }
  return { text, usage, finish };
}

async function left() {
  const stream = await client.chat.completions.create({
    model, messages: [user('Tell me much')], max_tokens: 3000, logit_bias: { 2: -100 }, stream: true,
  });
  for await (const _ of stream) {
    stream.controller.abort();
    break;
  }
  return true;
}

async function held(questions) {
  const messages = [], answers = [], cached = [];
  for (const question of questions) {
    messages.push(user(question));
    const answer = await client.chat.completions.create({ model, messages, temperature: 0, max_tokens: 128 });
    messages.push(answer.choices[0].message);
    answers.push(answer.choices[0].message.content);
    cached.push(answer.usage.prompt_tokens_details.cached_tokens);
  }
  return { answers, cached };
}

async function responded() {
  const first = await client.responses.create({ model, input: 'The gate code for amber-falcon is 48213. What is the gate code for amber-falcon?', temperature: 0, max_output_tokens: 40 });
  const second = await client.responses.create({ model, input: 'Again?', previous_response_id: first.id, max_output_tokens: 4 });
  const events = [];
  let text = '';
  for await (const event of await client.responses.create({ model, input: 'Hello', max_output_tokens: 6, temperature: 0, stream: true })) {
    events.push(event.type);
    text += event.type === 'response.output_text.delta' ? event.delta : '';
  }
  return { first: first.output_text, cached: second.usage.input_tokens_details.cached_tokens, status: second.status, events, text };
}

const tool = { type: 'function', function: { name: 'get_time', parameters: { type: 'object', properties: { zone: { enum: ['utc', 'cet'] } }, required: ['zone'] } } };
const schema = { type: 'object', properties: { kind: { enum: ['number', 'word'] } }, required: ['kind'], additionalProperties: false };

async function main() {
  const said = [{ role: 'system', content: 'Be brief.' }, user('What can you do?')];
  const whole = await client.chat.completions.create({ model, messages: said, temperature: 0, max_tokens: 12 });
  const called = await client.chat.completions.create({ model, messages: said, tools: [tool], tool_choice: 'required', max_tokens: 100, temperature: 0 });
  const several = await client.chat.completions.create({ model, messages: said, n: 3, seed: 7, max_tokens: 4, logprobs: true, top_logprobs: 2 });
  const formatted = await client.chat.completions.create({
    model, messages: said, max_tokens: 60, response_format: { type: 'json_schema', json_schema: { name: 'x', schema, strict: true } },
  });
  const text = await client.completions.create({ model, prompt: 'The sea', max_tokens: 5, temperature: 0 });
  console.log(JSON.stringify({
    models: (await client.models.list()).data.map(m => m.id),
    whole: { text: whole.choices[0].message.content, usage: whole.usage, finish: whole.choices[0].finish_reason },
    streamed: await streamed(said),
    call: called.choices[0],
    several: several.choices.map(c => c.logprobs.content.length),
    kind: JSON.parse(formatted.choices[0].message.content).kind,
    text: text.choices[0].text,
    notFound: await failure(client.chat.completions.create({ model: 'gpt-9', messages: said })),
    wrong: await failure(client.chat.completions.create({ model, messages: said, temperature: 9 })),
    unknown: await failure(client.chat.completions.create({ model, messages: said, frobnicate: true })),
    left: await left(),
    responses: await responded(),
    conversations: await Promise.all(JSON.parse(fs.readFileSync(process.argv[3])).map(held)),
  }));
}

main().catch(e => { console.error(e); process.exit(1); });
