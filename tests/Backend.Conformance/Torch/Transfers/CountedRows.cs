using KVCluster.Inference.Torch.Memory;
using KVCluster.Inference.Torch.Transfers;
using TorchSharp;

namespace KVCluster.Backend.Conformance.Torch.Transfers;

/// <summary>Rows that leave the device, with a count of the copies that were gathered and still are.</summary>
internal sealed class CountedRows(torch.Tensor rows) : IOutbound
{
    private readonly OutboundRows _rows = new(rows);
    private readonly List<torch.Tensor> _gathered = [];

    public int Units => _rows.Units;

    public int UnitBytes => _rows.UnitBytes;

    public int Gathered
    {
        get
        {
            lock (_gathered)
            {
                return _gathered.Count;
            }
        }
    }

    public int Alive
    {
        get
        {
            lock (_gathered)
            {
                return _gathered.Count(t => !t.IsInvalid);
            }
        }
    }

    public torch.Tensor[] Gather(int first, int count)
    {
        lock (_gathered)
        {
            torch.Tensor[] parts = _rows.Gather(first, count);
            _gathered.AddRange(parts);
            return parts;
        }
    }

    public void Land(ReadOnlySpan<byte> bytes, Span<byte> units) => _rows.Land(bytes, units);
}
