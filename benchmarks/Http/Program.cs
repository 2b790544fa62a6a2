using System.Globalization;
using KVCluster.Benchmarks.Http;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string what = args.Length > 0 ? args[0] : "all";
if (what is not ("token" or "first" or "list" or "idle" or "all"))
{
    Console.Error.WriteLine(
        """
        usage: Http [token | first | list | idle | all] [MODEL]
        token  what a streamed token costs on its way from the device to the client, 32 streams
        first  the first token after a hit on a long cached conversation against the whole prefill
        list   listing 10,000 sessions
        idle   500 open streams that wait for their next token
        MODEL is a folder or file; the bundled model where it is absent.
        """);
    return 2;
}

string model = args.Length > 1 ? args[1] : Path.Combine("models", "needle");
Console.WriteLine($"{Path.GetFileName(Path.TrimEndingDirectorySeparator(model))}, {Environment.ProcessorCount} processors");
if (what is "token" or "all")
{
    await TokenCost.RunAsync(model);
}

if (what is "first" or "all")
{
    await FirstToken.RunAsync(model);
}

if (what is "list" or "all")
{
    await SessionListing.RunAsync(model);
}

if (what is "idle" or "all")
{
    await IdleStreams.RunAsync(model);
}

return 0;
