using System.CommandLine;
using System.Globalization;
using KVCluster.Inference;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Options;
using KVCluster.Silo.Rendering;
using KVCluster.Silo.Serving;
using KVCluster.Silo.Tenants;
using KVCluster.Silo.Terminals;
using KVCluster.Storage;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Inspection;

namespace KVCluster.Silo.Verbs;

/// <summary><c>cold</c>: looks at a cold store from outside, beside the server that uses it.</summary>
internal sealed class ColdVerb(Terminal terminal, Interrupt interrupt)
{
    private readonly SettingsOptionSet _settings = new();
    private readonly Option<string?> _tenant = OptionOf.Text("--tenant", "one tenant only (default: all)", "ID");

    public static Command Create(Terminal terminal, Interrupt interrupt) => new("cold", "Look at the cold store: what is in it, and whether it is sound.")
    {
        new ColdVerb(terminal, interrupt).Stats(),
        new ColdVerb(terminal, interrupt).Verify(),
        new ColdVerb(terminal, interrupt).Show(),
        new ColdVerb(terminal, interrupt).Purge(),
    };

    private Command Stats() => With(new Command("stats", "Bytes and entries, for each tenant and in all."), readOnly: true, async (_, cold, cancellationToken) =>
    {
        BlobStatistics statistics = await cold.StatisticsAsync(cancellationToken);
        terminal.Output.WriteLine($"total      {Line(statistics.Total)}; budget {Amount.Bytes(statistics.Budget.TotalBytes)}");
        foreach ((string tenant, BlobUsage usage) in statistics.Tenants.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            terminal.Output.WriteLine($"{tenant,-10} {Line(usage)}");
        }

        return ExitCode.Success;
    });

    private Command Verify()
    {
        Command command = new("verify", "Read and check every copy; exit code 1 where one is damaged.");
        command.Options.Add(_tenant);
        return With(command, readOnly: true, async (parsed, cold, cancellationToken) =>
        {
            int sound = 0;
            int damaged = 0;
            await foreach (ColdVerdict verdict in cold.VerifyAsync(parsed.GetValue(_tenant), cancellationToken))
            {
                if (verdict.Fault is null)
                {
                    sound++;
                    continue;
                }

                damaged++;
                terminal.Output.WriteLine($"{verdict.Owner.Tenant}/{verdict.Owner.Session}: {verdict.Fault}: {verdict.Reason}");
            }

            terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{sound} sound, {damaged} damaged"));
            return damaged == 0 ? ExitCode.Success : ExitCode.Fault;
        });
    }

    private Command Show()
    {
        Argument<string> session = new("SESSION") { Description = "the session's id" };
        Command command = new("show", "Show what is kept of a session.") { session };
        command.Options.Add(_tenant);
        return With(command, readOnly: true, async (parsed, cold, cancellationToken) =>
        {
            var owner = new SnapshotOwner(parsed.GetValue(_tenant) ?? Authentication.DefaultTenant, parsed.GetRequiredValue(session));
            ColdDescription shown = await cold.ShowAsync(owner, cancellationToken)
                ?? throw new InputException($"nothing is kept of session {owner.Tenant}/{owner.Session}");
            terminal.Output.WriteLine(shown.Fault is { } fault
                ? $"the manifest cannot be used: {fault}"
                : string.Create(CultureInfo.InvariantCulture, $"epoch {shown.Epoch}, generation {shown.Generation}"));
            foreach (ColdCopy copy in shown.Copies)
            {
                string kind = copy.IsExact ? "exact" : "compressed";
                terminal.Output.WriteLine(
                    $"{kind}: {Amount.Count(copy.Tokens)} tokens, {Amount.Bytes(copy.StoredBytes)} in {copy.Frames} frames, {string.Join(", ", copy.Codecs)}");
            }

            return ExitCode.Success;
        });
    }

    private Command Purge()
    {
        Option<string?> session = OptionOf.Text("--session", "one session only", "ID");
        Option<bool> yes = OptionOf.Flag("--yes", "really delete");
        Command command = new("purge", "Delete cold copies; conversations stay, and compute their caches again.") { session, yes };
        command.Options.Add(_tenant);
        return With(command, readOnly: false, async (parsed, cold, cancellationToken) =>
        {
            if (!parsed.GetValue(yes))
            {
                throw new InputException("purge deletes cold copies for good: say --yes");
            }

            int count = await cold.PurgeAsync(parsed.GetValue(_tenant), parsed.GetValue(session), cancellationToken);
            terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"copies of {count} sessions deleted"));
            return ExitCode.Success;
        });
    }

    private Command With(Command command, bool readOnly, Func<ParseResult, ColdInspector, CancellationToken, Task<int>> run)
    {
        _settings.AddTo(command);
        command.SetAction(parsed => RunAsync(parsed, readOnly, run).GetAwaiter().GetResult());
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, bool readOnly, Func<ParseResult, ColdInspector, CancellationToken, Task<int>> run)
    {
        var undo = new Stack<Func<ValueTask>>();
        try
        {
            ServerSettings settings = _settings.Read(parsed);
            ColdKeys? keys = ColdKeys.Open(settings.Cold.Keys, TimeProvider.System, fault => terminal.Error.WriteLine(fault));
            await using IBlobStore store = ColdStores.OpenBlobs(settings, TimeProvider.System, readOnly, undo);
            return await run(parsed, new ColdInspector(store, keys), interrupt.Token);
        }
        catch (StoreUnavailableException e)
        {
            throw new InputException($"the cold store cannot be reached: {e.Message}");
        }
        finally
        {
            while (undo.TryPop(out Func<ValueTask>? close))
            {
                await close();
            }
        }
    }

    private static string Line(BlobUsage usage) =>
        $"{Amount.Bytes(usage.Bytes)}, {Amount.Count(usage.Manifests)} sessions, {Amount.Count(usage.Frames)} frames";
}
