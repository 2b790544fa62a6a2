using System.Text.Json;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Terminals;

namespace KVCluster.Silo.Tests;

/// <summary>A command line run in this process, with what it wrote.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    public static CommandRun Of(params string[] args) => With("", typed: false, args);

    /// <param name="input">Standard input.</param>
    /// <param name="typed">A person sits at it.</param>
    public static CommandRun With(string input, bool typed, params string[] args)
    {
        using Interrupt interrupt = new();
        return With(input, typed, interrupt, args);
    }

    public static CommandRun With(string input, bool typed, Interrupt interrupt, params string[] args)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        Terminal terminal = new(new StringReader(input), output, error) { InputIsConsole = typed };
        int code = CommandHost.Run(args, terminal, interrupt);
        return new CommandRun(code, output.ToString(), error.ToString());
    }

    /// <summary>The one JSON object on standard output; fails where the run did or where anything else stands there.</summary>
    public JsonElement Json()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}: {Error}");
        using JsonDocument document = JsonDocument.Parse(Output);
        Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
        return document.RootElement.Clone();
    }

    /// <summary>Refused as bad input: exit code 2, one line on standard error that names the fault, nothing on standard output.</summary>
    public void AssertRefused(params string[] mentioned)
    {
        Assert.True(ExitCode == 2, $"exit code {ExitCode}: {Error}");
        Assert.Equal("", Output);
        string message = Error.TrimEnd('\n');
        Assert.StartsWith("kvcluster: ", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.DoesNotContain("   at ", message, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", message, StringComparison.Ordinal);
        Assert.All(mentioned, m => Assert.Contains(m, message, StringComparison.Ordinal));
    }
}
