namespace KVCluster.Evaluation.Summary;

/// <summary>What is read off a curve of accuracy: piecewise linear between its points (x, y), x ascending.</summary>
public static class CurveMath
{
    /// <summary>The area under the curve by trapezoids, divided by its width; the last y where it has no width.</summary>
    public static double NormalisedArea(IReadOnlyList<(double X, double Y)> points)
    {
        Check(points);
        double width = points[^1].X - points[0].X;
        if (width <= 0)
        {
            return points[^1].Y;
        }

        double area = 0;
        for (int i = 1; i < points.Count; i++)
        {
            area += (points[i].X - points[i - 1].X) * (points[i].Y + points[i - 1].Y) / 2;
        }

        return area / width;
    }

    /// <summary>
    /// How far one can go before the curve first falls below (1 - <paramref name="relativeLoss"/>) of its first y: the interpolated place,
    /// or the last x where it never does. What comes back above later does not count.
    /// </summary>
    public static double LargestWithin(IReadOnlyList<(double X, double Y)> points, double relativeLoss)
    {
        Check(points);
        double least = points[0].Y * (1 - relativeLoss);
        for (int i = 1; i < points.Count; i++)
        {
            // A rounding error is no loss.
            if (points[i].Y < least - 1e-12)
            {
                double fall = points[i - 1].Y - points[i].Y;
                return points[i - 1].X + ((points[i].X - points[i - 1].X) * (points[i - 1].Y - least) / fall);
            }
        }

        return points[^1].X;
    }

    /// <summary>The curve at <paramref name="x"/>; null outside of it.</summary>
    public static double? At(IReadOnlyList<(double X, double Y)> points, double x)
    {
        Check(points);
        if (x < points[0].X || x > points[^1].X)
        {
            return null;
        }

        for (int i = 1; i < points.Count; i++)
        {
            if (x <= points[i].X)
            {
                double width = points[i].X - points[i - 1].X;
                return width <= 0 ? points[i].Y : points[i - 1].Y + ((points[i].Y - points[i - 1].Y) * (x - points[i - 1].X) / width);
            }
        }

        return points[^1].Y;
    }

    private static void Check(IReadOnlyList<(double X, double Y)> points)
    {
        ArgumentNullException.ThrowIfNull(points);
        if (points.Count == 0)
        {
            throw new ArgumentException("a curve needs a point", nameof(points));
        }

        for (int i = 1; i < points.Count; i++)
        {
            if (points[i].X < points[i - 1].X)
            {
                throw new ArgumentException("the points of a curve do not ascend", nameof(points));
            }
        }
    }
}
