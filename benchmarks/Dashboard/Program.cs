using System.Globalization;
using KVCluster.Benchmarks.Dashboard;

// usage: Dashboard [viewers | scrape | decode | all]; "watch URL COUNT" is what it starts itself as, to be 200 browsers.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string what = args.Length > 0 ? args[0] : "all";
if (what == "watch")
{
    await Viewers.WatchAsync(new Uri(args[1]), int.Parse(args[2], CultureInfo.InvariantCulture));
    return 0;
}

if (what is not ("viewers" or "scrape" or "decode" or "all"))
{
    Console.Error.WriteLine("usage: Dashboard [viewers | scrape | decode | all]");
    return 2;
}

if (what is "viewers" or "all")
{
    await Measurements.ViewersAsync(viewers: 200, sessions: 100, seconds: 15);
}

if (what is "scrape" or "all")
{
    await Measurements.ScrapeAsync(sessions: 10_000);
}

if (what is "decode" or "all")
{
    await Measurements.DecodeAsync(tokens: 2000);
}

return 0;
