using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>One cache's tokens, run by <see cref="ForwardPass"/> a layer at a time.</summary>
internal sealed class LayerPass : ILayerPass
{
    private readonly ForwardPass _forward;
    private readonly ForwardRequest _request;
    private readonly ForwardState _state;
    private readonly int _layers;

    public LayerPass(ForwardPass forward, ModelConfig config, LayerPipeline pipeline, ForwardRequest request)
    {
        _forward = forward;
        _request = request;
        _layers = config.Layers;
        request.Cache.PrepareAppend(request.Tokens.Length);
        _state = new ForwardState(config, pipeline, request.Tokens.Length);
        forward.Begin(_state, [request]);
    }

    public int Tokens => _request.Tokens.Length;

    public int Layer => _state.Layer;

    public bool Step()
    {
        if (_state.Layer == _layers)
        {
            return false;
        }

        _forward.RunLayer(_state);
        if (_state.Layer == _layers)
        {
            _request.Cache.CommitAppend(Tokens);
        }

        return true;
    }

    public void Dispose() => _state.Dispose();
}
