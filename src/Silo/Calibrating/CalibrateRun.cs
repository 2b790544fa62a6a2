using System.Diagnostics;
using KVCluster.Silo.Options;
using KVCluster.Silo.Reports;
using KVCluster.Silo.Sessions;
using KVCluster.Silo.Terminals;
using KVCluster.Silo.Verbs;
using KVCluster.Worker;
using KVCluster.Worker.Calibration;

namespace KVCluster.Silo.Calibrating;

/// <summary>Measures a model under a progress bar and writes its calibration.</summary>
internal static class CalibrateRun
{
    public static void Run(
        Terminal terminal, ModelChoice choice, CalibrationSettings settings, string? output, bool json, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        (LocalModel model, double loadSeconds) = ModelOpening.Open(terminal, choice, Calibrator.ArenaTokens(settings));
        using LocalModel owned = model;
        string file = output ?? CalibrationFile.DefaultPath(choice.Path);
        CalibrationFile.RequireWritable(file);
        Calibrator calibrator = new(model, settings);
        ModelCalibration calibration = ProgressBars.Run(terminal, "calibrating", progress => calibrator.Run(progress, cancellationToken));
        CalibrationFile.Save(file, calibration);
        CalibrateReport report = new()
        {
            Model = ModelUse.Of(model, choice, loadSeconds),
            File = file,
            Answered = calibration.Runs.Count(r => r.Answered),
            Calibration = calibration,
            Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
        };
        if (json)
        {
            JsonOutput.Write(terminal, report, JsonReports.Default.CalibrateReport);
            return;
        }

        terminal.OutputConsole.Write(CalibrationTable.Create(calibration));
        terminal.Output.WriteLine(FormattableString.Invariant(
            $"{report.Answered} of {calibration.Runs.Count} needles found, {report.Seconds:0.0} s; written to {file}"));
    }
}
