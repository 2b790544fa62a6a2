using System.Globalization;
using KVCluster.Silo.Gateway;
using Spectre.Console;

namespace KVCluster.Silo.Rendering;

/// <summary>Sessions of a server, for people.</summary>
internal static class SessionFigures
{
    /// <summary>A turn in one line.</summary>
    public static string Turn(TurnBody turn) => string.Create(
        CultureInfo.InvariantCulture,
        $"[{turn.Finish}; {turn.HistoryTokens + turn.PromptTokens} tokens read, {turn.CachedTokens} of them cached; answer {turn.AnswerTokens} tokens; "
        + $"first after {turn.FirstTokenSeconds * 1000:0} ms, {turn.Seconds:0.00} s in all]");

    /// <summary>A list of sessions.</summary>
    public static Table Table(SessionList list)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns("session", "tokens", "node", "last used", "forked from");
        foreach (SessionLine line in list.Data)
        {
            table.AddRow(
                new Text(line.Id),
                new Text(Amount.Count(line.Tokens)),
                new Text(line.Node),
                new Text(line.LastUsed.ToString("u", CultureInfo.InvariantCulture)),
                new Text(line.Parent ?? ""));
        }

        return list.Next is { } next ? table.Caption(Markup.Escape($"more: --after {next}")) : table;
    }

    /// <summary>One session, a line a fact.</summary>
    public static IEnumerable<string> Lines(SessionBody session)
    {
        yield return $"session    {session.Id}{(session.Parent is { } parent ? $", forked from {parent}" : "")}";
        yield return $"state      {session.Phase} on {session.Node} {session.Device}, epoch {session.Epoch}";
        yield return $"history    {Amount.Count(session.Tokens)} tokens, {session.Turns} turns";
        string kept = session.Cache.Exact ? "whole" : string.Create(CultureInfo.InvariantCulture, $"{session.Cache.KeptTokens:0} tokens kept");
        yield return $"cache      {Amount.Count(session.Cache.Tokens)} tokens, {kept}, {Amount.Bytes(session.Cache.DeviceBytes)} on the device, "
            + $"{Amount.Bytes(session.Cache.ColdBytes)} cold";
        if (session.Cache is { Exact: false, Kept: { } rows })
        {
            foreach ((int layer, int[] row) in rows.Index())
            {
                yield return $"  layer {layer,-3} {string.Join(' ', row)} tokens kept of each head";
            }
        }

        foreach (CompressionBody c in session.Cache.Compressions)
        {
            string mass = c.DroppedMass is { } dropped ? string.Create(CultureInfo.InvariantCulture, $", {dropped * 100:0.0} % of attention dropped") : "";
            string why = c.Cause is null ? "" : $", {c.Cause}{(c.At is { } at ? $" {at:u}" : "")}";
            yield return $"compressed {c.Policy} at {Amount.Count(c.Tokens)} tokens: {Amount.Bytes(c.BytesBefore)} -> {Amount.Bytes(c.BytesAfter)}{mass}{why}";
        }

        if (session.PinnedUntil is { } until)
        {
            yield return $"pinned     until {until:u}";
        }

        yield return $"created    {session.Created:u}, last used {session.LastUsed:u}";
    }
}
