using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Hosting
{
    /// <summary>Registers placement directors.</summary>
    public static class PlacementStrategyExtensions
    {
        /// <summary>Lets <typeparamref name="TDirector"/> place the grains of <typeparamref name="TStrategy"/>.</summary>
        public static ISiloBuilder AddPlacementDirector<TStrategy, TDirector>(this ISiloBuilder builder)
            where TStrategy : PlacementStrategy, new()
            where TDirector : class, IPlacementDirector
        {
            builder.Services.AddKeyedSingleton<IPlacementDirector, TDirector>(typeof(TStrategy));
            return builder;
        }
    }
}

namespace Orleans.Placement
{
    /// <summary>Registers placement filters.</summary>
    public static class PlacementFilterExtensions
    {
        /// <summary>Lets <typeparamref name="TDirector"/> apply <typeparamref name="TFilter"/>.</summary>
        public static IServiceCollection AddPlacementFilter<TFilter, TDirector>(this IServiceCollection services, ServiceLifetime strategyLifetime)
            where TFilter : PlacementFilterStrategy, new()
            where TDirector : class, IPlacementFilterDirector
            => services.AddKeyedSingleton<IPlacementFilterDirector, TDirector>(typeof(TFilter));
    }
}
