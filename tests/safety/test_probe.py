import time
def test_build(world):
    t=time.time()
    from tests.safety.world import everything
    e=everything(); print(time.time()-t, len(e))
    print({k:(v.stage, v.key) for k,v in world.on.items()})
