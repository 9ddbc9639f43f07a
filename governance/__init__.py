"""Mandate's one Django app, cut into rooms on four storeys.

An import may only point down a storey; inside the machine it points down this list; facts never
import each other. `tests/test_house.py` enforces it.

    PAGES that span rooms          demo · desk
    THE MACHINE                    public · registers · reviews · gates · initiatives
    FACTS about an initiative      raci · outcomes · proof · signatures · comments
    GROUND, an order too           notices · people · policy · ledger · core
"""
