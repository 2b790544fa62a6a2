using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace KVCluster.Benchmarks.Torch;

/// <summary>The same shapes in plain eager PyTorch, by a script in a process of its own.</summary>
internal static class Peer
{
    /// <summary>Tokens a second: "prefill", "decode1", "decode4", ...</summary>
    public static Dictionary<string, double> Run(string python, string script, Settings settings)
    {
        var start = new ProcessStartInfo(python) { RedirectStandardOutput = true };
        string[] arguments =
        [
            script, "--shape", Shape.Numbers(settings.Shape), "--device", settings.Device,
            "--dtype", settings.Type == Inference.Torch.TorchComputeType.F32 || settings.Device == "cpu" ? "float32" : "bfloat16",
            "--prompt", Text(settings.Prompt), "--context", Text(settings.Context), "--generate", Text(settings.Generate),
            "--batches", string.Join(',', settings.Batches), "--threads", Text(settings.Threads),
            .. Clock.Processor ? ["--processor-time"] : Array.Empty<string>(),
        ];
        Array.ForEach(arguments, start.ArgumentList.Add);
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? JsonSerializer.Deserialize<Dictionary<string, double>>(output)!
            : throw new InvalidOperationException($"{python} {script} ended with {process.ExitCode}");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
