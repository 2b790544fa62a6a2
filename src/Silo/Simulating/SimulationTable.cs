using System.Globalization;
using KVCluster.Silo.Rendering;
using Spectre.Console;

namespace KVCluster.Silo.Simulating;

/// <summary>A simulation's outcome as a table.</summary>
internal static class SimulationTable
{
    public static Table Create(SimulationReport report)
    {
        Table table = new Table().Border(TableBorder.Simple).HideHeaders().AddColumn("what").AddColumn("value");
        foreach ((string what, string value) in Rows(report))
        {
            table.AddRow(new Text(what), new Text(value));
        }

        return table;
    }

    private static IEnumerable<(string What, string Value)> Rows(SimulationReport report)
    {
        int found = report.Hits.Resident + report.Hits.Loaded + report.Hits.Recomputed;
        yield return ("scenario", $"{report.Scenario}: {Count(report.Seconds)} s simulated in {Amount.Seconds(report.RealSeconds)}");
        yield return ("sessions", Amount.Count(report.Sessions));
        yield return ("turns served", Amount.Count(report.Turns));
        yield return ("refused", report.Refusals == 0 ? "0" : $"{Amount.Count(report.Refusals)}, told to come again after {Amount.Seconds(report.RetryAfterSeconds)}, mean");
        yield return ("given up", Amount.Count(report.GaveUp));
        yield return ("first token", $"{Amount.Seconds(report.FirstTokenSeconds)} mean, {Amount.Seconds(report.FirstTokenSecondsP95)} p95");
        yield return ("caches found", $"{Share(report.Hits.Resident, found)} on the device, {Share(report.Hits.Loaded, found)} cold, {Share(report.Hits.Recomputed, found)} computed again");
        yield return ("attention kept", Percent(report.MassKept));
        foreach (SimulatedActs acts in report.Acts)
        {
            yield return ($"{acts.Kind.ToLowerInvariant()}, {acts.Cause}", acts.FreedBytes == 0
                ? Amount.Count(acts.Count)
                : $"{Amount.Count(acts.Count)}, {Amount.Bytes(acts.FreedBytes)} freed");
        }

        yield return ("freed in all", Amount.Bytes(report.FreedBytes));
        yield return ("moved", $"{Amount.Count(report.Moves)} sessions, {Amount.Count(report.Reports)} reports to the allocator");
        yield return ("lost and survived", $"nodes {report.NodeLosses}, allocators {report.AllocatorLosses}; {Amount.Count(report.SentAgain)} turns sent again, {report.LostTurns} acknowledged ones lost");
        yield return ("fullest device", Percent(report.PeakShare));
        if (report.Unsettled > 0)
        {
            yield return ("unsettled", $"{Amount.Count(report.Unsettled)} times the clock went on with something still under way");
        }
    }

    private static string Share(int part, int all) => Percent(all == 0 ? 0 : (double)part / all);

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");

    private static string Count(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds:#,0}");
}
