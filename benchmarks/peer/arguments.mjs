// Command-line options shared by the scripts of this folder: `--name value`, everything else positional.

/** Splits the arguments; an option without a value or with an unknown name is an error. */
export function parse(args, defaults) {
  const options = { ...defaults };
  const positional = [];
  for (let i = 0; i < args.length; i++) {
    if (!args[i].startsWith("--")) {
      positional.push(args[i]);
      continue;
    }

    const name = args[i].slice(2);
    if (!(name in defaults)) {
      throw new Error(`unknown option ${args[i]}; known: ${Object.keys(defaults).map((key) => `--${key}`).join(", ")}`);
    }

    if (i + 1 >= args.length) {
      throw new Error(`${args[i]} needs a value`);
    }

    options[name] = args[++i];
  }

  return { options, positional };
}

/** A positive whole number, or an error that names it. */
export function positiveInteger(text, name) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new Error(`${name} must be a whole number of 1 or more, not ${text}`);
  }

  return value;
}
