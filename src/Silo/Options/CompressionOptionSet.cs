using System.CommandLine;
using KVCluster.Compression;
using KVCluster.Compression.Policies;

namespace KVCluster.Silo.Options;

/// <summary>How a cache is cut, as options of a verb.</summary>
internal sealed class CompressionOptionSet
{
    private readonly Option<string?> _policy = OptionOf.Text(
        "--policy",
        $"what stays: NAME or NAME:PARAMETER=VALUE,... of {PolicyChoice.Names()}; {PolicyChoice.Default} by default",
        "POLICY");

    private readonly Option<string?> _scores = OptionOf.Text(
        "--scores", "whose attention counts: replay (the default), observed or task", "SOURCE");

    public void AddTo(Command command)
    {
        command.Options.Add(_policy);
        command.Options.Add(_scores);
    }

    /// <exception cref="PolicyException">Unknown or out of range; the message lists what is valid.</exception>
    public ICompressionPolicy Read(ParseResult parsed) => PolicyChoice.Parse(parsed.GetValue(_policy), parsed.GetValue(_scores));
}
