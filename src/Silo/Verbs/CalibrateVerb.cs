using System.CommandLine;
using System.Globalization;
using KVCluster.Inference;
using KVCluster.Silo.Calibrating;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Options;
using KVCluster.Silo.Terminals;
using KVCluster.Worker.Calibration;

namespace KVCluster.Silo.Verbs;

/// <summary><c>calibrate</c>: finds a model's retrieval heads, for policies that treat heads and layers differently.</summary>
internal static class CalibrateVerb
{
    public static Command Create(Terminal terminal, Interrupt interrupt)
    {
        CalibrationSettings usual = new();
        ModelOptionSet models = new(bundledByDefault: true);
        Option<string?> output = OptionOf.Text("--out", "where the calibration goes; beside the model by default", "FILE");
        Option<string?> lengths = OptionOf.Text("--lengths", $"lengths of the documents in tokens; {string.Join(',', usual.Lengths)} by default", "N,N,...");
        Option<int?> depths = OptionOf.Number<int>("--depths", $"places of the fact asked for, evenly spread; {usual.Depths.Count} by default");
        Option<ulong?> seed = OptionOf.Number<ulong>("--seed", $"start of the random numbers; {usual.Seed} by default");
        Option<bool> json = JsonOutput.Option();
        Command command = new("calibrate", "Find a model's retrieval heads and layer budgets for compresskv, duo-attention and razor-attention.")
        {
            output, lengths, depths, seed,
        };
        models.AddTo(command);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            CalibrationSettings settings = usual with
            {
                Lengths = parsed.GetValue(lengths) is { } list ? Lengths(list) : usual.Lengths,
                Depths = parsed.GetValue(depths) is { } count ? Spread(count) : usual.Depths,
                Seed = parsed.GetValue(seed) ?? usual.Seed,
            };
            settings.Validate();
            CalibrateRun.Run(terminal, models.Read(parsed), settings, parsed.GetValue(output), parsed.GetValue(json), interrupt.Token);
            return ExitCode.Success;
        });
        return command;
    }

    private static int[] Lengths(string list) =>
        [.. list.Split(',', StringSplitOptions.TrimEntries).Select(part =>
            int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int length)
                ? length
                : throw new InputException($"--lengths: '{part}' is not a number of tokens"))];

    private static double[] Spread(int count) =>
        count is >= 1 and <= 1000
            ? [.. Enumerable.Range(0, count).Select(i => (i + 0.5) / count)]
            : throw new InputException($"--depths is {count}: it must be from 1 to 1000");
}
