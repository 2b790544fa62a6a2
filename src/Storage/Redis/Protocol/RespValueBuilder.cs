namespace KVCluster.Storage.Redis.Protocol;

/// <summary>
/// Puts one reply together from its headers and strings, without recursion. Attributes and pushed messages that stand before the reply are
/// read over. Pure: it takes what was read and says what to read next.
/// </summary>
internal sealed class RespValueBuilder
{
    private readonly Stack<Frame> _open = [];
    private int _values;
    private long _bytes;

    /// <summary>The reply, once <see cref="Add"/> said that it is whole.</summary>
    public RespValue? Value { get; private set; }

    /// <summary>How many bytes of a string the caller must read and hand to <see cref="Add"/> with this header.</summary>
    /// <exception cref="RespProtocolException">The reply would grow beyond <see cref="RespLimits"/>.</exception>
    public int BodyBytes(RespHeader header)
    {
        if (!header.HasBody)
        {
            return 0;
        }

        _bytes += header.Number;
        return _bytes <= RespLimits.ReplyBytes
            ? (int)header.Number
            : throw new RespProtocolException($"a reply of more than {RespLimits.ReplyBytes} bytes");
    }

    /// <summary>Takes the next header and, where it has one, its string; true where the reply is whole.</summary>
    /// <exception cref="RespProtocolException">Too many values, or too deep.</exception>
    public bool Add(RespHeader header, ReadOnlyMemory<byte> body)
    {
        _values++;
        if (header.IsAggregate)
        {
            _values += (int)header.Number;
        }

        if (_values > RespLimits.Values)
        {
            throw new RespProtocolException($"a reply of more than {RespLimits.Values} values");
        }

        if (!header.IsAggregate)
        {
            return Close(Scalar(header, body));
        }

        if (_open.Count == RespLimits.Depth)
        {
            throw new RespProtocolException($"a reply nested deeper than {RespLimits.Depth}");
        }

        // Attributes and pushes are not part of the reply they precede.
        bool skipped = header.Type is RespType.Attribute || (header.Type is RespType.Push && _open.Count == 0);
        var frame = new Frame(skipped, (int)header.Number);
        _open.Push(frame);
        return frame.Missing == 0 && Close(null);
    }

    private static RespValue Scalar(RespHeader header, ReadOnlyMemory<byte> body) => header.Type switch
    {
        RespType.Null => RespValue.Null,
        RespType.Integer or RespType.Boolean => RespValue.OfInteger(header.Number),
        RespType.Error => RespValue.OfError(header.Text),
        RespType.BulkError => RespValue.OfError(body),
        RespType.Bulk => RespValue.OfText(body),
        RespType.Verbatim => body.Length >= 4 && body.Span[3] == ':'
            ? RespValue.OfText(body[4..])
            : throw new RespProtocolException("a verbatim string does not name its format"),
        _ => RespValue.OfText(header.Text),
    };

    /// <summary>Puts a value where it belongs and closes every aggregate that it completes; null closes an empty one.</summary>
    private bool Close(RespValue? value)
    {
        while (true)
        {
            if (value is not null)
            {
                if (_open.Count == 0)
                {
                    Value = value;
                    return true;
                }

                Frame parent = _open.Peek();
                parent.Items.Add(value);
                parent.Missing--;
                if (parent.Missing > 0)
                {
                    return false;
                }
            }

            Frame done = _open.Pop();
            if (done.Skipped)
            {
                return false;
            }

            value = RespValue.OfItems(done.Items);
        }
    }

    private sealed class Frame(bool skipped, int missing)
    {
        public bool Skipped { get; } = skipped;

        public int Missing { get; set; } = missing;

        // Grows as values come: what a header claims is not allocated ahead.
        public List<RespValue> Items { get; } = [];
    }
}
