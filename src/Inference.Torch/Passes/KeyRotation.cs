using KVCluster.Inference.Kv;
using KVCluster.Inference.Torch.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Passes;

/// <summary>Turns cached keys from the positions they have to those they get when gaps are closed: on the device, a layer at a time.</summary>
internal sealed class KeyRotation(PassParts parts, KvCache cache)
{
    private readonly List<long> _rows = [];
    private readonly List<long> _from = [];
    private readonly List<long> _to = [];

    public void Run()
    {
        for (int layer = 0; layer < parts.Model.Config.Layers; layer++)
        {
            _rows.Clear();
            _from.Clear();
            _to.Clear();
            for (int head = 0; head < parts.Model.Config.KvHeads; head++)
            {
                Collect(layer, head);
            }

            if (_rows.Count > 0)
            {
                Turn();
            }
        }
    }

    private void Collect(int layer, int head)
    {
        ReadOnlySpan<int> pages = cache.KeyPages(layer, head);
        int pageTokens = parts.Store.Geometry.PageTokens;
        int start = cache.ClosedStart(layer, head);
        for (int slot = 0; slot < cache.Length(layer, head); slot++)
        {
            int from = cache.OriginalPosition(layer, head, slot);
            if (from != start + slot)
            {
                _rows.Add(((long)pages[slot / pageTokens] * pageTokens) + (slot % pageTokens));
                _from.Add(from);
                _to.Add(start + slot);
            }
        }
    }

    private void Turn()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor rows = Upload(_rows);
        (Tensor fromCos, Tensor fromSin) = RotaryTable.Angles(parts.Model, Upload(_from));
        (Tensor toCos, Tensor toSin) = RotaryTable.Angles(parts.Model, Upload(_to));
        Tensor cos = toCos.mul(fromCos).addcmul_(toSin, fromSin, 1);
        Tensor sin = toSin.mul(fromCos).addcmul_(toCos, fromSin, -1);
        long half = parts.Model.Config.HeadSize / 2;
        Tensor keys = parts.Store.ReadRows(rows, ScalarType.Float32);
        Tensor a = keys.narrow(1, 0, half);
        Tensor b = keys.narrow(1, half, half);
        parts.Store.WriteRows(rows, cat([a.mul(cos).sub_(b.mul(sin)), b.mul(cos).add_(a.mul(sin))], 1));
    }

    private Tensor Upload(List<long> values) =>
        Tensors.FromLongs(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(values), parts.Device);
}
