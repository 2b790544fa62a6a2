using System.CommandLine;
using System.Text.Json.Nodes;
using KVCluster.Silo.Gateway;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Options;
using KVCluster.Silo.Remote;
using KVCluster.Silo.Rendering;
using KVCluster.Silo.Terminals;

namespace KVCluster.Silo.Verbs;

/// <summary><c>session</c>: conversations of a running server, from the command line.</summary>
internal sealed class SessionVerb(Terminal terminal, Interrupt interrupt)
{
    private readonly ServerOptionSet _server = new();
    private readonly Option<bool> _json = JsonOutput.Option();

    public static Command Create(Terminal terminal, Interrupt interrupt)
    {
        var verb = new SessionVerb(terminal, interrupt);
        return new Command("session", "Conversations of a running server (kvcluster serve).")
        {
            verb.New(), verb.Say(), verb.List(), verb.Show(), verb.History(), verb.Fork(),
            verb.Compress(), verb.Pin(), verb.MakeWhole(), verb.Demote(), verb.Move(), verb.Close(),
            verb.Export(), verb.Import(),
        };
    }

    private Command New()
    {
        Option<string?> id = OptionOf.Text("--id", "the session's id; one is made otherwise", "ID");
        Option<string?> system = OptionOf.Text("--system", "the system message", "TEXT");
        Option<string?> document = OptionOf.Text("--document", "a text file to talk about", "FILE");
        Option<int?> priority = OptionOf.Number<int>("--priority", "higher is served first, from -100 to 100");
        Option<int?> budget = OptionOf.Number<int>("--token-budget", "most tokens of history");
        Command command = new("new", "Create a session.") { id, system, document, priority, budget };
        return With(command, async (parsed, client, cancellationToken) =>
        {
            JsonObject body = Body(
                ("id", parsed.GetValue(id)),
                ("system", parsed.GetValue(system)),
                ("document", parsed.GetValue(document) is { } path ? TextFiles.Read(path, "document") : null),
                ("priority", parsed.GetValue(priority)),
                ("token_budget", parsed.GetValue(budget)));
            SessionBody session = await client.SendAsync(
                HttpMethod.Post, "/v1/sessions", body.ToJsonString(), SessionJson.Web.SessionBody, cancellationToken);
            Print(parsed, session, session.Id);
        });
    }

    private Command Say()
    {
        Argument<string> id = IdArgument();
        Argument<string> message = new("MESSAGE") { Description = "what to say" };
        Option<int?> most = OptionOf.Number<int>("--max-tokens", "most tokens of the answer");
        Option<double?> temperature = OptionOf.Number<double>("--temperature", "0 is greedy");
        Command command = new("say", "Say something in a session and print the answer.") { id, message, most, temperature };
        return With(command, async (parsed, client, cancellationToken) =>
        {
            JsonObject sampling = Body(("max_tokens", parsed.GetValue(most)), ("temperature", parsed.GetValue(temperature)));
            JsonObject body = Body(("message", parsed.GetValue(message)), ("stream", true));
            body["sampling"] = sampling;
            bool json = parsed.GetValue(_json);
            await foreach ((PieceBody? piece, TurnBody? turn) in client.SayAsync(Escaped(parsed.GetValue(id)), body.ToJsonString(), cancellationToken))
            {
                if (turn is not null && json)
                {
                    JsonOutput.Write(terminal, turn, SessionJson.Web.TurnBody);
                }
                else if (turn is not null)
                {
                    terminal.Output.WriteLine();
                    terminal.Error.WriteLine(SessionFigures.Turn(turn));
                }
                else if (!json)
                {
                    terminal.Output.Write(piece!.Text);
                }
            }
        });
    }

    private Command List()
    {
        Option<int?> limit = OptionOf.Number<int>("--limit", "sessions at most, 1 to 1000 (default 100)");
        Option<string?> after = OptionOf.Text("--after", "begin behind this id", "ID");
        Command command = new("list", "List sessions.") { limit, after };
        return With(command, async (parsed, client, cancellationToken) =>
        {
            string query = $"?limit={parsed.GetValue(limit) ?? 100}" + (parsed.GetValue(after) is { } id ? $"&after={Escaped(id)}" : "");
            SessionList list = await client.SendAsync(HttpMethod.Get, "/v1/sessions" + query, null, SessionJson.Web.SessionList, cancellationToken);
            if (parsed.GetValue(_json))
            {
                JsonOutput.Write(terminal, list, SessionJson.Web.SessionList);
                return;
            }

            terminal.OutputConsole.Write(SessionFigures.Table(list));
        });
    }

    private Command Show()
    {
        Argument<string> id = IdArgument();
        Command command = new("show", "Show what a session is and holds.") { id };
        return With(command, async (parsed, client, cancellationToken) =>
        {
            SessionBody session = await client.SendAsync(HttpMethod.Get, Path(parsed, id), null, SessionJson.Web.SessionBody, cancellationToken);
            Print(parsed, session, string.Join('\n', SessionFigures.Lines(session)));
        });
    }

    private Command History()
    {
        Argument<string> id = IdArgument();
        Command command = new("history", "Print a session's whole text.") { id };
        return With(command, async (parsed, client, cancellationToken) =>
        {
            HistoryBody history = await client.SendAsync(
                HttpMethod.Get, Path(parsed, id, "/history"), null, SessionJson.Web.HistoryBody, cancellationToken);
            if (parsed.GetValue(_json))
            {
                JsonOutput.Write(terminal, history, SessionJson.Web.HistoryBody);
            }
            else
            {
                terminal.Output.WriteLine(history.Text);
            }
        });
    }

    private Command Fork()
    {
        Argument<string> id = IdArgument();
        Argument<string> target = new("TARGET") { Description = "the other session's id" };
        Option<int?> tokens = OptionOf.Number<int>("--tokens", "tokens of history it begins with (default: all)");
        Command command = new("fork", "Begin another session with this one's history.") { id, target, tokens };
        return With(command, async (parsed, client, cancellationToken) =>
        {
            string body = Body(("session", parsed.GetValue(target)), ("tokens", parsed.GetValue(tokens))).ToJsonString();
            SessionBody session = await client.SendAsync(
                HttpMethod.Post, Path(parsed, id, "/fork"), body, SessionJson.Web.SessionBody, cancellationToken);
            Print(parsed, session, session.Id);
        });
    }

    private Command Compress()
    {
        Argument<string> id = IdArgument();
        Option<double?> keep = OptionOf.Number<double>("--keep", "share of the cache that stays, such as 0.25");
        keep.Required = true;
        Option<string?> policy = OptionOf.Text("--policy", "the policy (default kvcompose)", "NAME");
        Command command = new("compress", "Cut a session's cache down to what a policy keeps.") { id, keep, policy };
        return With(command, async (parsed, client, cancellationToken) =>
        {
            string body = Body(("keep", parsed.GetValue(keep)), ("policy", parsed.GetValue(policy))).ToJsonString();
            await PrintChanged(parsed, client, id, "/compress", body, cancellationToken);
        });
    }

    private Command Pin()
    {
        Argument<string> id = IdArgument();
        Option<int?> seconds = OptionOf.Number<int>("--seconds", "how long, a day at most; 0 ends a pin");
        seconds.Required = true;
        Command command = new("pin", "Keep a session's cache from being cut or taken off its device for want of memory.") { id, seconds };
        return With(command, (parsed, client, cancellationToken) =>
            PrintChanged(parsed, client, id, "/pin", Body(("seconds", parsed.GetValue(seconds))).ToJsonString(), cancellationToken));
    }

    private Command MakeWhole()
    {
        Argument<string> id = IdArgument();
        Command command = new("whole", "Bring a compressed session's exact cache back.") { id };
        return With(command, (parsed, client, cancellationToken) => PrintChanged(parsed, client, id, "/make-whole", null, cancellationToken));
    }

    private Command Demote()
    {
        Argument<string> id = IdArgument();
        Command command = new("demote", "Take a session's cache off its device, saved first.") { id };
        return With(command, (parsed, client, cancellationToken) => PrintChanged(parsed, client, id, "/demote", null, cancellationToken));
    }

    private async Task PrintChanged(
        ParseResult parsed, ServerClient client, Argument<string> id, string act, string? body, CancellationToken cancellationToken)
    {
        SessionBody session = await client.SendAsync(HttpMethod.Post, Path(parsed, id, act), body, SessionJson.Web.SessionBody, cancellationToken);
        Print(parsed, session, string.Join('\n', SessionFigures.Lines(session)));
    }

    private Command Move()
    {
        Argument<string> id = IdArgument();
        Argument<string> node = new("NODE") { Description = "the node that shall have it" };
        Command command = new("move", "Move a session with its cache to another node.") { id, node };
        return With(command, async (parsed, client, cancellationToken) =>
        {
            string body = Body(("node", parsed.GetValue(node))).ToJsonString();
            (await client.SendAsync(HttpMethod.Post, Path(parsed, id, "/move"), body, cancellationToken)).Dispose();
        });
    }

    private Command Close()
    {
        Argument<string> id = IdArgument();
        Command command = new("close", "Close a session for good: history, cache and cold copies go.") { id };
        return With(command, async (parsed, client, cancellationToken) =>
            (await client.SendAsync(HttpMethod.Delete, Path(parsed, id), null, cancellationToken)).Dispose());
    }

    private Command Export()
    {
        Argument<string> id = IdArgument();
        Argument<string> file = new("FILE") { Description = "where to write it" };
        Command command = new("export", "Write a session's history, options and recorded turns to a file.") { id, file };
        return With(command, async (parsed, client, cancellationToken) =>
        {
            using HttpResponseMessage response = await client.SendAsync(HttpMethod.Get, Path(parsed, id, "/export"), null, cancellationToken);
            TextFiles.Write(parsed.GetValue(file)!, await response.Content.ReadAsByteArrayAsync(cancellationToken));
        });
    }

    private Command Import()
    {
        Argument<string> id = IdArgument();
        Argument<string> file = new("FILE") { Description = "what export wrote" };
        Command command = new("import", "Begin a session with what a file holds.") { id, file };
        return With(command, async (parsed, client, cancellationToken) =>
        {
            string body = TextFiles.Read(parsed.GetValue(file)!, "session file");
            SessionBody session = await client.SendAsync(
                HttpMethod.Post, Path(parsed, id, "/import"), body, SessionJson.Web.SessionBody, cancellationToken);
            Print(parsed, session, session.Id);
        });
    }

    private Command With(Command command, Func<ParseResult, ServerClient, CancellationToken, Task> run)
    {
        _server.AddTo(command);
        command.Options.Add(_json);
        command.SetAction(parsed =>
        {
            using ServerClient client = _server.Open(parsed);
            run(parsed, client, interrupt.Token).GetAwaiter().GetResult();
            return ExitCode.Success;
        });
        return command;
    }

    private void Print(ParseResult parsed, SessionBody session, string text)
    {
        if (parsed.GetValue(_json))
        {
            JsonOutput.Write(terminal, session, SessionJson.Web.SessionBody);
        }
        else
        {
            terminal.Output.WriteLine(text);
        }
    }

    private static Argument<string> IdArgument() => new("ID") { Description = "the session's id" };

    private static string Path(ParseResult parsed, Argument<string> id, string rest = "") => $"/v1/sessions/{Escaped(parsed.GetValue(id))}{rest}";

    private static string Escaped(string? id) => Uri.EscapeDataString(id ?? "");

    private static JsonObject Body(params ReadOnlySpan<(string Name, object? Value)> fields)
    {
        var body = new JsonObject();
        foreach ((string name, object? value) in fields)
        {
            if (value is not null)
            {
                body[name] = JsonValue.Create(value);
            }
        }

        return body;
    }
}
