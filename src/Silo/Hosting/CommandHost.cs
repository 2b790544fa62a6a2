using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using KVCluster.Compression;
using KVCluster.Inference;
using KVCluster.Silo.Terminals;
using KVCluster.Silo.Verbs;

namespace KVCluster.Silo.Hosting;

/// <summary>Runs one command line and turns what happens into an exit code and at most one message on standard error.</summary>
internal static class CommandHost
{
    public const string Name = "kvcluster";

    public static int Run(string[] args, Terminal terminal, Interrupt interrupt)
    {
        RootCommand root = KvClusterCommand.Create(terminal, interrupt);
        ParseResult parsed = root.Parse(args.Length == 0 ? ["--help"] : args);
        if (parsed.Action is ParseErrorAction)
        {
            return Reject(terminal, parsed);
        }

        try
        {
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = terminal.Output,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (Exception e) when (e is InputException or PolicyException)
        {
            return Fail(terminal, e.Message, ExitCode.BadInput);
        }
        catch (OperationCanceledException) when (interrupt.Token.IsCancellationRequested)
        {
            return interrupt.ExitCode;
        }
        catch (Exception e)
        {
            return Fail(terminal, $"unexpected fault, please report it: {e}", ExitCode.Fault);
        }
    }

    private static int Reject(Terminal terminal, ParseResult parsed)
    {
        string message = string.Join("; ", parsed.Errors.Select(e => e.Message.TrimEnd('.')).Distinct());
        string command = string.Join(' ', Path(parsed.CommandResult.Command));
        return Fail(terminal, $"{message}; see '{command} --help'", ExitCode.BadInput);
    }

    private static IEnumerable<string> Path(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? Path(parent).Append(command.Name) : [Name];

    private static int Fail(Terminal terminal, string message, int code)
    {
        terminal.Output.Flush();
        terminal.Error.WriteLine($"{Name}: {message}");
        return code;
    }
}
