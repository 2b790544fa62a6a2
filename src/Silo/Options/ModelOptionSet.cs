using System.CommandLine;
using KVCluster.Inference;
using KVCluster.Inference.Kv;
using KVCluster.Silo.Models;

namespace KVCluster.Silo.Options;

/// <summary>Which model, on how many threads, with which cache, as options of a verb.</summary>
internal sealed class ModelOptionSet
{
    private static readonly Dictionary<string, KvElementType> s_kvTypes = new()
    {
        ["f32"] = KvElementType.F32,
        ["bf16"] = KvElementType.BF16,
        ["int8"] = KvElementType.Int8,
    };

    private readonly bool _bundledByDefault;
    private readonly Option<string?> _model;
    private readonly Option<KvElementType?> _kv = OptionOf.Choice("--kv", "how keys and values are stored; bf16 by default", s_kvTypes);
    private readonly Option<int?> _threads = OptionOf.Number<int>("--threads", "threads to compute on; all processors by default");
    private readonly Option<int?> _context = OptionOf.Number<int>(
        "--context", "room of the KV arena in tokens; the model's context, at most 8192, by default");

    private readonly Option<string?>? _calibration;

    /// <param name="bundledByDefault">Without a model named it is the one that comes with the program.</param>
    /// <param name="calibrated">The verb runs policies, some of which need a calibration.</param>
    public ModelOptionSet(bool bundledByDefault, bool calibrated = false)
    {
        _calibration = calibrated
            ? OptionOf.Text("--calibration", "what 'kvcluster calibrate' wrote; by default the file beside the model", "FILE")
            : null;
        _bundledByDefault = bundledByDefault;
        string otherwise = bundledByDefault ? "; the bundled one by default" : "";
        _model = OptionOf.Text("--model", $"a Hugging Face folder or a .gguf file{otherwise}", "PATH");
        _model.Required = !bundledByDefault;
    }

    public void AddTo(Command command)
    {
        command.Options.Add(_model);
        command.Options.Add(_kv);
        command.Options.Add(_threads);
        command.Options.Add(_context);
        if (_calibration is not null)
        {
            command.Options.Add(_calibration);
        }
    }

    /// <exception cref="InputException">A value is out of range, or the bundled model is not where it should be.</exception>
    public ModelChoice Read(ParseResult parsed)
    {
        string? path = parsed.GetValue(_model);
        return new ModelChoice
        {
            Path = path ?? (_bundledByDefault ? BundledModel.Find() : throw new InputException("--model is missing")),
            Bundled = path is null,
            CalibrationFile = _calibration is null ? null : parsed.GetValue(_calibration),
            KvType = parsed.GetValue(_kv) ?? KvElementType.BF16,
            Threads = AtLeastOne(parsed.GetValue(_threads) ?? Environment.ProcessorCount, "--threads"),
            ContextTokens = parsed.GetValue(_context) is { } tokens ? AtLeastOne(tokens, "--context") : 0,
        };
    }

    /// <summary>The name a KV type goes by on the command line.</summary>
    public static string NameOf(KvElementType type) => s_kvTypes.First(p => p.Value == type).Key;

    private static int AtLeastOne(int value, string name) =>
        value >= 1 ? value : throw new InputException($"{name} is {value}: it must be 1 or more");
}
