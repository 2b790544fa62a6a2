using System.Globalization;
using System.Text.Json;

namespace KVCluster.Inference.Tests.Policies;

/// <summary>Says a press of the reference, with its parameters, in this project's policy specifications.</summary>
internal static class PressSpecification
{
    private static readonly Dictionary<string, Func<JsonElement, string>> _scorers = new()
    {
        ["None"] = _ => "streaming-llm",
        ["StreamingLLM"] = p => $"streaming-llm:sinks={Int(p, "n_sink")}",
        ["Knorm"] = _ => "knorm",
        ["KeyDiff"] = _ => "keydiff",
        ["TOVA"] = _ => "tova",
        ["ObservedAttention"] = _ => "h2o",
        ["SnapKV"] = p => $"snapkv:window={Int(p, "window_size")},kernel={Int(p, "kernel_size")}",
        ["PyramidKV"] = p => $"pyramidkv:window={Int(p, "window_size")},kernel={Int(p, "kernel_size")},beta={Int(p, "beta")}",
        ["LagKV"] = p => $"lagkv:sinks={Int(p, "n_sink")},lag={Int(p, "lag_size")},cross={Bool(p, "cross_scoring")}",
        ["CUR"] = Cur,
        ["ExpectedAttention"] = p =>
            $"expected-attention:future-positions={Int(p, "n_future_positions")},sinks={Int(p, "n_sink")},covariance={Bool(p, "use_covariance")},"
            + $"value-norm={Bool(p, "use_vnorm")}",
        ["KVzip"] = p =>
            $"kvzip:subsample=true,sinks=0,subsample-sinks={Int(p, "n_sink")},chunk={Int(p, "chunk_size")},layerwise={Bool(p, "layerwise")},"
            + $"plus={Bool(p, "kvzip_plus_normalization")},postfix={(p.TryGetProperty("prev_postfix_size", out JsonElement s) ? s.GetInt32() : 8)}",
        ["SimLayerKV"] = p =>
            $"simlayerkv:last={Int(p, "n_last")},recent={Int(p, "n_recent")},initial={Int(p, "n_initial")},threshold={Number(p, "lazy_threshold")}",
        ["DuoAttention"] = p =>
            $"duo-attention:sinks={Int(p, "sink_size")},recents={Int(p, "recent_size")},streaming-share={Number(p, "head_compression_ratio")}",
        ["KVCompose"] = KvCompose,
    };

    /// <summary>The specification; fails on a press this table does not know.</summary>
    public static string Of(JsonElement golden)
    {
        JsonElement parameters = golden.GetProperty("params");
        string specification = golden.GetProperty("press").GetString()!.Split('-') switch
        {
            ["AdaKV", string scorer] => Wrap($"adakv:safeguard={Number(parameters, "alpha_safeguard")}", Base(scorer, parameters, epsilon: true)),
            ["CriticalKV", string scorer] => Wrap($"criticalkv:{Stages(parameters)}", Base(scorer, parameters)),
            ["CriticalAdaKV", string scorer] =>
                Wrap($"critical-adakv:{Stages(parameters)},safeguard={Number(parameters, "alpha_safeguard")}", Base(scorer, parameters)),
            ["ChunkKV", string scorer] => Wrap($"chunkkv:length={Int(parameters, "chunk_length")}", Base(scorer, parameters)),
            [string scorer, "rerotated"] => Wrap("rerotate:", Base(scorer, parameters)),
            ["Finch", ..] => $"finch:window={golden.GetProperty("window_ids").GetArrayLength()},normalize={Bool(parameters, "normalize_scores")},"
                + $"rerotate={Bool(parameters, "rerotate_keys")}",
            ["ExpectedAttention", ..] => Base("ExpectedAttention", parameters, epsilon: true),
            ["KVzipPlus"] => Base("KVzip", parameters),
            [string scorer, ..] => Base(scorer, parameters),
            _ => throw new NotSupportedException("a press without a name"),
        };
        return specification + (specification.Contains(':', StringComparison.Ordinal) ? "," : ":") + "minimum-per-head=0";
    }

    private static string Base(string scorer, JsonElement parameters, bool epsilon = false)
    {
        Assert.True(_scorers.TryGetValue(scorer, out Func<JsonElement, string>? specification), $"no policy stands for the press {scorer}");

        // CriticalKV's own epsilon has the same name.
        return specification(parameters) + (epsilon && scorer == "ExpectedAttention" ? $",epsilon={Number(parameters, "epsilon")}" : "");
    }

    private static string Wrap(string wrapper, string inner)
    {
        string[] parts = inner.Split(':', 2);
        string own = parts.Length == 1 ? "" : "," + string.Join(',', parts[1].Split(',').Select(p => "base." + p));
        return wrapper + (wrapper.EndsWith(':') ? "" : ",") + $"base={parts[0]}{own}";
    }

    private static string Stages(JsonElement p) => $"first-stage={Number(p, "first_stage_ratio")},epsilon={Number(p, "epsilon")}";

    private static string Cur(JsonElement p)
    {
        Assert.False(p.GetProperty("use_random_leverage").GetBoolean(), "no policy draws random leverages");
        string leverage = p.GetProperty("leverage_type").GetString()!.Replace('_', '-');
        int window = p.GetProperty("use_local_approximation").GetBoolean() ? p.GetProperty("local_window_size").GetInt32() : 0;
        return $"cur:sinks={Int(p, "num_sinks")},leverage={leverage},local-window={window}";
    }

    private static string KvCompose(JsonElement p)
    {
        Assert.Equal("replay", p.GetProperty("task").GetString());
        string common = $"chunk=0,aggregation={p.GetProperty("agg_task").GetString()},group={p.GetProperty("agg_group").GetString()},"
            + $"value-norm={Bool(p, "add_v_norm")},head-mean={Bool(p, "add_mean_across_heads")},"
            + $"keep-token-lower-bound={Int(p, "keep_token_lower_bound")}";
        return p.GetProperty("structured").GetBoolean() ? $"kvcompose:{common},reference-layer0=true" : $"kvcompose-unstructured:{common}";
    }

    private static string Int(JsonElement p, string name) => p.GetProperty(name).GetInt32().ToString(CultureInfo.InvariantCulture);

    private static string Number(JsonElement p, string name) => p.GetProperty(name).GetDouble().ToString("R", CultureInfo.InvariantCulture);

    private static string Bool(JsonElement p, string name) => p.GetProperty(name).GetBoolean() ? "true" : "false";
}
